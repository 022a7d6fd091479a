#include "core/dicom/file/of_condition.h"

#include "absl/strings/str_cat.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/ofstd/ofcond.h"

namespace camnode {

absl::Status ToStatus(const OFCondition& condition, absl::string_view context,
                      absl::StatusCode fallback) {
  if (condition.good()) return absl::OkStatus();
  const absl::StatusCode code =
      condition == EC_MemoryExhausted ? absl::StatusCode::kResourceExhausted : fallback;
  return absl::Status(code, absl::StrCat(context, ": ", condition.text()));
}

}  // namespace camnode
