// Is this a film the models were made for: a frontal chest radiograph, ready for
// presentation?  A film that is not gets no score, and the reason is its result.

#ifndef CAMNODE_CORE_DICOM_FILM_ELIGIBILITY_H_
#define CAMNODE_CORE_DICOM_FILM_ELIGIBILITY_H_

#include <string>

#include "absl/types/optional.h"
#include "core/dicom/film/instance_header.h"

namespace camnode {

struct Ineligibility {
  std::string code;    // UPPER_SNAKE, stable: "NOT_A_RADIOGRAPH", "NOT_CHEST", "NOT_FRONTAL",
                       // "NOT_FOR_PRESENTATION", "TOO_SMALL", "CONSTANT", "COLOUR_PHOTOGRAPH", ...
  std::string reason;  // One sentence for a human, naming attribute and value class;
                       // no patient data.
};

// By what the header says; a silent header is no reason (film_concerns.h has it).
// Empty: eligible so far.  What the pixels show is for pixel_check.h.
absl::optional<Ineligibility> CheckHeader(const InstanceHeader& header);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_ELIGIBILITY_H_
