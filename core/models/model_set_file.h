// Files that belong to several models together, found by a digest over them:
//
//   deploy/models/ensemble/3c1f0b6a9d24e785.textproto
//
// The file's name is the start of the digest, so that several sets have theirs side by side;
// the whole of it is in the message's field models_digest.  All functions here are
// thread-safe; a file is replaced as a whole.

#ifndef CAMNODE_CORE_MODELS_MODEL_SET_FILE_H_
#define CAMNODE_CORE_MODELS_MODEL_SET_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/models/text_proto.h"

namespace camnode {

struct ModelSetFileKind {
  const char* folder;   // Below the folder of models.
  const char* comment;  // On top of each file, one line or several.
  int64_t max_bytes;
};

// Where the file of the models with this digest lies.
std::string ModelSetFilePath(const std::string& model_directory, const ModelSetFileKind& kind,
                             absl::string_view models_digest);

// Errors: kNotFound (there is none for these models), kFailedPrecondition (too large; does
// not parse: line and column; was made for other models).  Each names the file.
template <typename Message>
absl::StatusOr<Message> LoadModelSetFile(const std::string& model_directory,
                                         const ModelSetFileKind& kind,
                                         const std::string& models_digest) {
  const std::string path = ModelSetFilePath(model_directory, kind, models_digest);
  Message message;
  CAMNODE_RETURN_IF_ERROR(ReadTextProtoFile(path, kind.max_bytes, message));
  if (message.models_digest() != models_digest) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": was made for other models: models_digest is \"",
                     message.models_digest(), "\", expected \"", models_digest, "\""));
  }
  return message;
}

// For SaveModelSetFile.
absl::Status ReplaceModelSetFile(const std::string& path, const std::string& text);

// Writes it where LoadModelSetFile finds it, over an older one; makes the folder.
// Errors: StatusOfErrno's.
template <typename Message>
absl::Status SaveModelSetFile(const std::string& model_directory, const ModelSetFileKind& kind,
                              const Message& message) {
  return ReplaceModelSetFile(ModelSetFilePath(model_directory, kind, message.models_digest()),
                             FormatTextProto(message, kind.comment));
}

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_MODEL_SET_FILE_H_
