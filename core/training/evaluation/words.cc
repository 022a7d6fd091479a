#include "core/training/evaluation/words.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace camnode {
namespace {

std::string Range(double estimate, double low, double high, int digits) {
  return absl::StrCat(InDigits(estimate, digits), " (", InDigits(low, digits), " to ",
                      InDigits(high, digits), ")");
}

}  // namespace

std::string WithInterval(const absl::optional<Interval>& interval, int digits) {
  if (!interval.has_value()) return kNoNumber;
  return Range(interval->estimate, interval->low, interval->high, digits);
}

std::string CellWithInterval(const absl::optional<Interval>& interval, int digits) {
  std::string text = WithInterval(interval, digits);
  const size_t space = interval.has_value() ? text.find(' ') : std::string::npos;
  if (space != std::string::npos) text[space] = '\n';
  return text;
}

std::string WithInterval(const MeanInterval& interval, int digits) {
  if (interval.count == 0) return kNoNumber;
  return Range(interval.mean, interval.low, interval.high, digits);
}

std::string InDigits(const absl::optional<double>& value, int digits) {
  return value.has_value() ? InDigits(*value, digits) : kNoNumber;
}

std::string InDigits(double value, int digits) {
  if (!std::isfinite(value)) return kNoNumber;
  return absl::StrFormat("%.*f", digits, value);
}

std::string InPercent(double share) { return absl::StrCat(InDigits(100.0 * share, 1), " %"); }

std::string Count(int number, const std::string& one, const std::string& many) {
  return absl::StrCat(number, " ", number == 1 ? one : many);
}

}  // namespace camnode
