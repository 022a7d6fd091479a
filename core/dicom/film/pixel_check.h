// What the pixels say of a film, whatever its header claims: the obvious only.

#ifndef CAMNODE_CORE_DICOM_FILM_PIXEL_CHECK_H_
#define CAMNODE_CORE_DICOM_FILM_PIXEL_CHECK_H_

#include "absl/types/optional.h"
#include "core/dicom/film/eligibility.h"
#include "core/domain/radiograph.h"

namespace camnode {

// Too small, constant, a colour photograph.  Empty: eligible.
absl::optional<Ineligibility> CheckPixels(const Radiograph& film);

// How well the film, averaged to 16 x 16 cells, fits the mean of 5,232 frontal chest
// films (Kermany et al., Cell 2018, CC BY 4.0), as Pearson's correlation, -1 to 1.
// Every one of those films is above 0.24, so an inverted one is below -0.24; and
// each fits better than turned by a quarter.
struct ChestLikeness {
  double upright = 0.0;
  double quarter_turned = 0.0;  // The better of both turns.

  // Of these the likelier, if either: a film turned by a quarter may fit a little as
  // its own negative.
  bool LooksInverted() const { return upright < -0.2 && -upright >= quarter_turned; }
  bool LooksTurned() const {
    return upright < 0.5 && quarter_turned > upright + 0.25 && quarter_turned > -upright;
  }
};

// REQUIRES: the film is not empty.
ChestLikeness CompareWithChest(const cv::Mat1b& film);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_PIXEL_CHECK_H_
