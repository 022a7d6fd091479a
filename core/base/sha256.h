// SHA-256 (FIPS 180-4) of bytes that arrive piece by piece.

#ifndef CAMNODE_CORE_BASE_SHA256_H_
#define CAMNODE_CORE_BASE_SHA256_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// Used by one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view bytes);

  // 64 lower-case hexadecimal digits.  Ends the computation.
  std::string Finish() &&;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(absl::string_view bytes);

// Errors: kNotFound if the file cannot be opened, kUnavailable if it cannot be read.
absl::StatusOr<std::string> Sha256HexOfFile(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_SHA256_H_
