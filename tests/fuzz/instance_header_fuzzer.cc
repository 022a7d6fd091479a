// Any bytes as a received file: read the header, judge eligibility, take what
// outputs carry of it.

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/film_concerns.h"
#include "core/dicom/film/instance_header.h"
#include "tests/fuzz/check_status.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = camnode::MemoryFile(data, size);
  const auto header = camnode::ReadInstanceHeader(path);
  camnode::CheckBlamesTheFile(header.status());
  if (header.ok() && !camnode::CheckHeader(*header)) {
    camnode::FindHeaderConcerns(*header, camnode::AgeLimits());
  }
  camnode::CheckBlamesTheFile(camnode::SourceAttributes::FromFile(path).status());
  return 0;
}
