// DICOM unique identifiers (PS3.5 section 9) and the ones camnode derives.

#ifndef CAMNODE_CORE_DOMAIN_UID_H_
#define CAMNODE_CORE_DOMAIN_UID_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// A checked UID: 1 to 64 characters, digits and single dots, a digit at both
// ends.  Leading zeros in a component, which the standard forbids, are let pass:
// real archives hold such films.  Default-constructed: empty, meaning "none".
class Uid {
 public:
  Uid() = default;

  // Padding is dropped: spaces at both ends and trailing NULs.
  // Errors: kInvalidArgument, without the text itself, which is the peer's.
  static absl::StatusOr<Uid> Parse(absl::string_view text);

  // "2.25." and the decimal value of a name-based UUID (RFC 9562 version 8: the
  // first 128 bits of SHA-256(name) with the version and variant bits set).  The
  // same name gives the same UID on every machine.
  static Uid Derive(absl::string_view name);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Uid& a, const Uid& b) { return a.text_ == b.text_; }
  friend bool operator!=(const Uid& a, const Uid& b) { return a.text_ != b.text_; }
  friend bool operator<(const Uid& a, const Uid& b) { return a.text_ < b.text_; }

 private:
  explicit Uid(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_UID_H_
