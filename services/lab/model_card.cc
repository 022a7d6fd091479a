// camnode-lab model-card

#include "core/training/report/model_card.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "services/command_line/arguments.h"
#include "services/lab/commands.h"

namespace camnode {
namespace {

constexpr std::uintmax_t kMaxReportBytes = std::uintmax_t{1} << 30;

absl::StatusOr<std::string> ReadReport(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat("no file ", path));
  if (size > kMaxReportBytes) return absl::InvalidArgumentError(absl::StrCat(path, ": too large"));
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

constexpr Option kOptions[] = {
    Option::Text("report", "OUT/report.json", "of camnode-lab evaluate").Required(),
    Option::Text("output", "FILE", "Markdown").Required(),
};

// Errors: kInvalidArgument (a report that cannot be understood), kNotFound (no report),
// kUnavailable (the card cannot be written).
absl::Status Run(const Arguments& arguments) {
  const std::string report_path = arguments.Text("report");
  const std::string output = arguments.Text("output");
  CAMNODE_ASSIGN_OR_RETURN(const std::string report, ReadReport(report_path));
  absl::StatusOr<std::string> card = FormatModelCard(report);
  if (!card.ok()) return Annotate(card.status(), report_path);
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  file << *card << std::flush;
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", output));
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
