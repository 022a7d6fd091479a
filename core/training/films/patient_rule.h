// How the films of a data set get their patients where no column tells.

#ifndef CAMNODE_CORE_TRAINING_FILMS_PATIENT_RULE_H_
#define CAMNODE_CORE_TRAINING_FILMS_PATIENT_RULE_H_

#include <string>
#include <vector>

namespace camnode {

struct PatientRule {
  std::vector<std::string> patterns;  // For DatasetOptions.
  std::string words;                  // For a report.
};

// The patterns asked for; where there are none, those of the recipes that the networks were
// trained by, and then the usual ones, after which every film has a patient.
PatientRule ChoosePatientRule(const std::vector<std::string>& asked_for,
                              const std::vector<std::string>& of_recipes);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_PATIENT_RULE_H_
