// How old a patient was when a film was taken.

#ifndef CAMNODE_CORE_DICOM_FILM_PATIENT_AGE_H_
#define CAMNODE_CORE_DICOM_FILM_PATIENT_AGE_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace camnode {

// Completed years: by `age` ("004Y", "018M", "070W", "010D"; PS3.5 6.2, AS), else
// from `birth_date` to `film_date` ("YYYYMMDD", DA).  Months count as a twelfth of
// a year, weeks and days by 365.25 days.  Empty if neither says, a text has another
// form (an age without unit could be any), the dates are in the wrong order, or the
// age is above 150 years.
absl::optional<int> PatientAgeYears(absl::string_view age, absl::string_view birth_date,
                                    absl::string_view film_date);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_PATIENT_AGE_H_
