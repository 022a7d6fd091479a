// Whose film a file's name says it is.

#ifndef CAMNODE_CORE_TRAINING_PATIENT_PATTERNS_H_
#define CAMNODE_CORE_TRAINING_PATIENT_PATTERNS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}

namespace camnode {

// Names as the films of Kermany et al. (Cell 2018) have them; any other film is a patient
// of its own.
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

  // What the parentheses of the first expression that matches hold; "" if none does.
  std::string PatientIn(const std::string& file_name) const;

 private:
  PatientPatterns();
  std::vector<std::unique_ptr<re2::RE2>> expressions_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_PATIENT_PATTERNS_H_
