// One received SOP instance, as the node remembers it.

#ifndef CAMNODE_CORE_DOMAIN_INSTANCE_H_
#define CAMNODE_CORE_DOMAIN_INSTANCE_H_

#include <cstdint>
#include <string>

#include "core/domain/uid.h"

namespace camnode {

// What the stored bytes are.
enum class MediaType { kDicom, kPng, kJpeg };

struct Instance {
  int64_t id = 0;  // Row number; 0 until stored.

  // For PNG and JPEG films, which have none: derived from the digest of the bytes.
  Uid sop_instance_uid;
  Uid series_instance_uid;
  Uid study_instance_uid;
  Uid sop_class_uid;        // Empty for PNG and JPEG.
  Uid transfer_syntax_uid;  // Empty for PNG and JPEG.

  MediaType media_type = MediaType::kDicom;
  std::string blob_id;
  // Digest and size of what makes the instance: of DICOM the data set's bytes
  // without the file meta information, so that a film is the same by C-STORE and
  // by upload; of PNG and JPEG the file's.
  std::string sha256;
  int64_t size_bytes = 0;

  std::string modality;    // (0008,0060), trimmed; may be empty.
  std::string calling_ae;  // Who sent it; "grpc" for an upload.
  std::string called_ae;
  int64_t received_ms = 0;
  // One of our own outputs coming back: kept out of analysis.
  bool own_output = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_INSTANCE_H_
