#include "core/dicom/film/patient_age.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace camnode {
namespace {

constexpr int kMaxYears = 150;

absl::optional<int> Digits(absl::string_view text) {
  int value = 0;
  const bool digits =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  if (!digits || !absl::SimpleAtoi(text, &value)) return absl::nullopt;
  return value;
}

absl::optional<int> YearsOfAge(absl::string_view age) {
  if (age.size() < 2 || age.size() > 4) return absl::nullopt;
  const absl::optional<int> number = Digits(age.substr(0, age.size() - 1));
  if (!number) return absl::nullopt;
  switch (age.back()) {
    case 'Y':
      return *number;
    case 'M':
      return *number / 12;
    case 'W':
      return static_cast<int>(*number * 7 / 365.25);
    case 'D':
      return static_cast<int>(*number / 365.25);
    default:
      return absl::nullopt;
  }
}

// YYYYMMDD as a number that grows with time; not a date's every rule.
absl::optional<int> DateNumber(absl::string_view date) {
  if (date.size() != 8) return absl::nullopt;
  const absl::optional<int> number = Digits(date);
  if (!number) return absl::nullopt;
  const int month = *number / 100 % 100;
  const int day = *number % 100;
  if (month < 1 || month > 12 || day < 1 || day > 31) return absl::nullopt;
  return number;
}

}  // namespace

absl::optional<int> PatientAgeYears(absl::string_view age, absl::string_view birth_date,
                                    absl::string_view film_date) {
  absl::optional<int> years = YearsOfAge(age);
  if (!years) {
    const absl::optional<int> birth = DateNumber(birth_date);
    const absl::optional<int> film = DateNumber(film_date);
    if (!birth || !film || *film < *birth) return absl::nullopt;
    // A birthday not yet reached this year borrows one from the years.
    years = (*film - *birth) / 10'000;
  }
  if (*years > kMaxYears) return absl::nullopt;
  return years;
}

}  // namespace camnode
