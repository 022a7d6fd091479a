// Whose film it is, by its file's name before anything else.

#ifndef CAMNODE_CORE_TRAINING_FILMS_PATIENT_PATTERNS_H_
#define CAMNODE_CORE_TRAINING_FILMS_PATIENT_PATTERNS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}

namespace camnode {

// Among patterns: a film of which neither an expression nor a header tells is a patient of
// its own.  Those after it are not tried.
constexpr char kOwnPatientPattern[] = "^(.*)$";

// Names as the films of Kermany et al. (Cell 2018) have them, then kOwnPatientPattern.
const std::vector<std::string>& UsualPatientPatterns();

// Thread-safe once made.
class PatientPatterns {
 public:
  // RE2 expressions on the file's name without folders, each with one pair of capturing
  // parentheses.
  // Errors: kInvalidArgument (a bad expression, or one without that pair: names it).
  static absl::StatusOr<PatientPatterns> Compile(const std::vector<std::string>& patterns);
  ~PatientPatterns();
  PatientPatterns(PatientPatterns&&) noexcept;
  PatientPatterns& operator=(PatientPatterns&&) noexcept;

  // What the parentheses of the first expression that matches the name without folders hold;
  // else `header_patient`; else, with kOwnPatientPattern, `film_name` with its folders, for
  // those of two hospitals may be numbered alike; "" without.
  std::string PatientOf(const std::string& film_name, const std::string& header_patient) const;

 private:
  PatientPatterns();
  std::vector<std::unique_ptr<re2::RE2>> expressions_;
  bool own_patients_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_PATIENT_PATTERNS_H_
