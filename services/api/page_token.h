// Page sizes and page tokens (AIP-158).
//
// A token is opaque to the caller: URL-safe text that holds where the next page
// begins and the other arguments it belongs to.  It grants nothing.

#ifndef CAMNODE_SERVICES_API_PAGE_TOKEN_H_
#define CAMNODE_SERVICES_API_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// 0 means 50; more than 200 becomes 200.  Errors: kInvalidArgument if negative.
absl::StatusOr<int> PageSizeOf(int requested);

// `list`: which list ("studies"); `arguments`: the request's other arguments;
// `cursor`: where the next page begins.
std::string MakePageToken(absl::string_view list, absl::string_view arguments,
                          const std::vector<std::string>& cursor);

// The cursor; empty if `token` is empty: the first page.
// Errors: kInvalidArgument if the token is not one of this list, has another
// number of cursor values, or was made for other arguments.
absl::StatusOr<std::vector<std::string>> ParsePageToken(absl::string_view token,
                                                        absl::string_view list,
                                                        absl::string_view arguments,
                                                        std::size_t cursor_size);

// For cursors made of numbers.  Errors: kInvalidArgument.
absl::StatusOr<int64_t> CursorNumber(absl::string_view text);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_PAGE_TOKEN_H_
