// The digest that says whether two uploads, or an upload and a C-STORE, brought
// the same instance.

#ifndef CAMNODE_CORE_INTAKE_UPLOAD_DIGEST_H_
#define CAMNODE_CORE_INTAKE_UPLOAD_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "core/base/sha256.h"
#include "core/domain/instance.h"

namespace camnode {

// Digests a file that arrives piece by piece: all of a PNG or JPEG; of a DICOM file
// the data set alone, because the file meta information changes with each hand it
// passes through and a C-STORE has none.  A DICOM file that does not begin as PS3.10
// wants (preamble, prefix, group length) is digested whole.  Used by one thread.
class UploadDigest {
 public:
  explicit UploadDigest(MediaType media_type) : deciding_(media_type == MediaType::kDicom) {}

  void Update(absl::string_view bytes);

  struct Result {
    std::string sha256;
    int64_t size_bytes = 0;  // Of what was digested.
  };
  Result Finish() &&;

 private:
  void Digest(absl::string_view bytes);
  void Decide();

  bool deciding_;  // start_ is still too short to tell what to skip.
  std::string start_;
  uint64_t skip_ = 0;  // Bytes still to pass by.
  Sha256 digest_;
  int64_t size_bytes_ = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_UPLOAD_DIGEST_H_
