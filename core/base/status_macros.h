// Early return on error, under the semantics of the macros of the same purpose
// in later Abseil releases, so that these lines can be deleted one day.
//
//   CAMNODE_RETURN_IF_ERROR(blob.Append(bytes));
//   CAMNODE_ASSIGN_OR_RETURN(const Uid uid, Uid::Parse(text));
//
// A type with a comma needs parentheses: (std::map<int, int> m).

#ifndef CAMNODE_CORE_BASE_STATUS_MACROS_H_
#define CAMNODE_CORE_BASE_STATUS_MACROS_H_

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#define CAMNODE_RETURN_IF_ERROR(expression)                                   \
  do {                                                                        \
    if (::absl::Status camnode_status = (expression); !camnode_status.ok()) { \
      return camnode_status;                                                  \
    }                                                                         \
  } while (false)

#define CAMNODE_ASSIGN_OR_RETURN(declaration, expression)                                        \
  CAMNODE_ASSIGN_OR_RETURN_IMPL(CAMNODE_STATUS_CONCAT(camnode_statusor_, __LINE__), declaration, \
                                expression)

#define CAMNODE_ASSIGN_OR_RETURN_IMPL(statusor, declaration, expression) \
  auto statusor = (expression);                                          \
  if (!statusor.ok()) return std::move(statusor).status();               \
  declaration = *std::move(statusor)

#define CAMNODE_STATUS_CONCAT(a, b) CAMNODE_STATUS_CONCAT_IMPL(a, b)
#define CAMNODE_STATUS_CONCAT_IMPL(a, b) a##b

namespace camnode {

// The same code and payloads with "context: " in front of the message: says which file,
// tag or peer an error from further down is about.  OK stays OK.
inline absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view type_url, const absl::Cord& payload) {
    annotated.SetPayload(type_url, payload);
  });
  return annotated;
}

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_STATUS_MACROS_H_
