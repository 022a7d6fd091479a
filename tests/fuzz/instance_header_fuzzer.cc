// Any bytes as a received file: read the header, judge eligibility, take what
// outputs carry of it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "core/dicom/derived_attributes.h"
#include "core/dicom/eligibility.h"
#include "core/dicom/instance_header.h"
#include "tests/fuzz/memory_file.h"

namespace {

// What any file may be answered with (radiograph_reader.h, instance_header.h).
void CheckCode(const absl::Status& status) {
  if (status.ok() || status.code() == absl::StatusCode::kDataLoss ||
      status.code() == absl::StatusCode::kInvalidArgument ||
      status.code() == absl::StatusCode::kUnimplemented) {
    return;
  }
  std::cerr << "unexpected status: " << status << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = camnode::MemoryFile(data, size);
  const auto header = camnode::ReadInstanceHeader(path);
  CheckCode(header.status());
  if (header.ok()) camnode::CheckHeader(*header);
  CheckCode(camnode::SourceAttributes::FromFile(path).status());
  return 0;
}
