// Application entity titles: the names by which DICOM programs call each other.

#ifndef CAMNODE_CORE_DOMAIN_AE_TITLE_H_
#define CAMNODE_CORE_DOMAIN_AE_TITLE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// A checked application entity title (PS3.5, VR AE): 1 to 16 printable ASCII
// characters without backslash, no space at either end.  Compared byte for byte:
// case is significant.
class AeTitle {
 public:
  AeTitle() = default;  // Empty: none.

  // Liberal about padding: spaces at both ends and trailing NULs are dropped.
  // Errors: kInvalidArgument, without the text itself, which may be a peer's.
  static absl::StatusOr<AeTitle> Parse(absl::string_view text);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const AeTitle& a, const AeTitle& b) { return a.text_ == b.text_; }
  friend bool operator!=(const AeTitle& a, const AeTitle& b) { return a.text_ != b.text_; }

 private:
  explicit AeTitle(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_AE_TITLE_H_
