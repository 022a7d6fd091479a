// Any bytes as a file of weights: a bare pickle, a PyTorch checkpoint, safetensors.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/inference/checkpoint/checkpoint_reader.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/checkpoint/unpickler.h"

namespace {

// What the function's header promises.
void CheckCode(const char* function, const absl::Status& status,
               std::initializer_list<absl::StatusCode> promised) {
  if (status.ok()) return;
  for (const absl::StatusCode code : promised) {
    if (status.code() == code) return;
  }
  std::cerr << "unexpected status of " << function << ": " << status << "\n";
  std::abort();
}

}  // namespace

// LibTorch's zip reader loses the list of a file's records, no larger than the file, when
// it refuses the file in its constructor.  Not ours to mend, and nothing that stays up
// reads checkpoints; every other leak counts.
extern "C" const char* __lsan_default_suppressions() { return "leak:mz_zip_reader_\n"; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckCode("Unpickle", camnode::Unpickle(bytes).status(),
            {absl::StatusCode::kPermissionDenied, absl::StatusCode::kDataLoss});
  CheckCode("ParseCheckpoint", camnode::ParseCheckpoint(bytes).status(),
            {absl::StatusCode::kPermissionDenied, absl::StatusCode::kDataLoss,
             absl::StatusCode::kFailedPrecondition});
  CheckCode("ParseSafetensors", camnode::ParseSafetensors(bytes).status(),
            {absl::StatusCode::kDataLoss});
  return 0;
}
