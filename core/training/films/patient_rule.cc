#include "core/training/films/patient_rule.h"

#include "core/training/films/patient_patterns.h"

namespace camnode {

PatientRule ChoosePatientRule(const std::vector<std::string>& asked_for,
                              const std::vector<std::string>& of_recipes) {
  if (!asked_for.empty()) {
    return {asked_for,
            "by the column patient, the file names under --patient-pattern, or the Patient ID in "
            "DICOM headers"};
  }
  PatientRule rule{
      of_recipes,
      "by the column patient, file names as Kermany et al. and the recipes of the runs have "
      "them, or the Patient ID in DICOM headers; any other film is a patient of its own"};
  rule.patterns.insert(rule.patterns.end(), UsualPatientPatterns().begin(),
                       UsualPatientPatterns().end());
  return rule;
}

}  // namespace camnode
