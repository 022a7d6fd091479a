// camnode-lab model-card

#include "core/training/report/model_card.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"

namespace camnode {
namespace {

constexpr int64_t kMaxReportBytes = int64_t{1} << 30;

constexpr Option kOptions[] = {
    Option::Text("report", "OUT/report.json", "of camnode-lab evaluate").Required(),
    Option::Text("output", "FILE", "Markdown").Required(),
};

// Errors: kInvalidArgument (a report that cannot be understood), kNotFound (no report),
// kUnavailable (the card cannot be written).
absl::Status Run(const Arguments& arguments) {
  const std::string report_path = arguments.Text("report");
  const std::string output = arguments.Text("output");
  CAMNODE_ASSIGN_OR_RETURN(const std::string report, ReadFile(report_path, kMaxReportBytes));
  absl::StatusOr<std::string> card = FormatModelCard(report);
  if (!card.ok()) return Annotate(card.status(), report_path);
  CAMNODE_RETURN_IF_ERROR(WriteFile(output, *card, FileAccess::kByUmask));
  absl::PrintF("%s\n", output);
  return absl::OkStatus();
}

}  // namespace

const LabCommand kModelCard = {{"model-card",
                                R"(Writes the model card, deploy/models/README.md.

It says what the models of a report are, how good they are, for whom, their limits, and
how to add one.)",
                                {},
                                kOptions},
                               Run};

}  // namespace camnode
