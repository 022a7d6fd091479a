// Numbers as a report writes them.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_WORDS_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_WORDS_H_

#include <string>

#include "absl/types/optional.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {

// What stands where there is no number.
inline constexpr char kNoNumber[] = "not defined";

// "0.981\n(0.968 to 0.990)": a cell of a table.
std::string CellWithInterval(const absl::optional<Interval>& interval, int digits = 3);
// "0.981 (0.968 to 0.990)".
std::string WithInterval(const absl::optional<Interval>& interval, int digits = 3);
std::string WithInterval(const MeanInterval& interval, int digits = 3);
// "0.981"
std::string InDigits(const absl::optional<double>& value, int digits = 3);
std::string InDigits(double value, int digits = 3);
// "93.2 %"
std::string InPercent(double share);
// "1 film", "2 films".
std::string Count(int number, const std::string& one, const std::string& many);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_WORDS_H_
