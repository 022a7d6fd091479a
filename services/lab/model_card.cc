// camnode-lab model-card

#include "core/training/report/model_card.h"

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "services/lab/arguments.h"
#include "services/lab/commands.h"

namespace camnode {
namespace {

constexpr int64_t kMaxReportBytes = int64_t{1} << 30;

}  // namespace

const char kModelCardUsage[] =
    R"(camnode-lab model-card --report OUT/report.json --output FILE

Writes the model card, deploy/models/README.md, from a report of camnode-lab evaluate: what
the models are, how good they are, for whom, their limits, and how to add one.

  --report FILE          report.json
  --output FILE          Markdown
)";

absl::Status RunModelCard(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(const LabArguments arguments,
                           LabArguments::Parse(words, {"report", "output"}));
  CAMNODE_ASSIGN_OR_RETURN(const std::string report_path, arguments.Required("report"));
  CAMNODE_ASSIGN_OR_RETURN(const std::string output, arguments.Required("output"));
  CAMNODE_ASSIGN_OR_RETURN(const std::string report, ReadFile(report_path, kMaxReportBytes));
  absl::StatusOr<std::string> card = FormatModelCard(report);
  if (!card.ok()) return Annotate(card.status(), report_path);
  CAMNODE_RETURN_IF_ERROR(WriteFile(output, *card, FileAccess::kByUmask));
  absl::PrintF("%s\n", output);
  return absl::OkStatus();
}

}  // namespace camnode
