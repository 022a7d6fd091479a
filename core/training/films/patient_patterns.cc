#include "core/training/films/patient_patterns.h"

#include <re2/re2.h>

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace camnode {

const std::vector<std::string>& UsualPatientPatterns() {
  static const auto& patterns = *new std::vector<std::string>{
      "^(person[0-9]+_(?:bacteria|virus))_", "^((?:NORMAL2-)?IM-[0-9]+)-", kOwnPatientPattern};
  return patterns;
}

PatientPatterns::PatientPatterns() = default;
PatientPatterns::~PatientPatterns() = default;
PatientPatterns::PatientPatterns(PatientPatterns&&) noexcept = default;
PatientPatterns& PatientPatterns::operator=(PatientPatterns&&) noexcept = default;

absl::StatusOr<PatientPatterns> PatientPatterns::Compile(const std::vector<std::string>& patterns) {
  PatientPatterns result;
  for (const std::string& pattern : patterns) {
    auto expression = std::make_unique<RE2>(pattern, RE2::Quiet);
    if (!expression->ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("patient pattern '", pattern, "': ", expression->error()));
    }
    if (expression->NumberOfCapturingGroups() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("patient pattern '", pattern,
                       "': needs one pair of capturing parentheses; others are (?: )"));
    }
    result.own_patients_ |= pattern == kOwnPatientPattern;
    if (!result.own_patients_) result.expressions_.push_back(std::move(expression));
  }
  return result;
}

std::string PatientPatterns::PatientOf(const std::string& film_name,
                                       const std::string& header_patient) const {
  const std::string file_name = std::filesystem::path(film_name).filename().string();
  std::string patient;
  for (const auto& expression : expressions_) {
    if (RE2::PartialMatch(file_name, *expression, &patient) && !patient.empty()) return patient;
  }
  if (!header_patient.empty()) return header_patient;
  return own_patients_ ? film_name : "";
}

}  // namespace camnode
