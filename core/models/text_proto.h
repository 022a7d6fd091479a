// Protobuf's text format, as the files people read and write here use it.

#ifndef CAMNODE_CORE_MODELS_TEXT_PROTO_H_
#define CAMNODE_CORE_MODELS_TEXT_PROTO_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace camnode {

// Replaces `message` by what the text says; strict: an unknown field is an error.
// Errors: kFailedPrecondition with "line:column: what" for the first place that does
// not parse.
absl::Status ParseTextProto(absl::string_view text, google::protobuf::Message& message);

// The same of a file.
// Errors: ReadFile's (kNotFound, kFailedPrecondition if it is larger than `max_bytes`, ...);
// kFailedPrecondition with "path: line:column: what".
absl::Status ReadTextProtoFile(const std::string& path, int64_t max_bytes,
                               google::protobuf::Message& message);

// The message with a comment (of one line or several) on top.  The same message gives
// the same bytes, and ParseTextProto gives it back.
std::string FormatTextProto(const google::protobuf::Message& message, absl::string_view comment);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_TEXT_PROTO_H_
