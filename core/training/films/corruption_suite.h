// Films as other devices might have made them: does a network still tell them apart?
//
// A network that leans on sharpness, brightness or shape loses here what it seemed to know.
// The suite is fixed, so that recipes can be compared by it.

#ifndef CAMNODE_CORE_TRAINING_FILMS_CORRUPTION_SUITE_H_
#define CAMNODE_CORE_TRAINING_FILMS_CORRUPTION_SUITE_H_

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

namespace camnode {

enum class CorruptionKind {
  kBlur,           // Gaussian; strength: deviation in pixels of a 224 pixel side.
  kLowResolution,  // Averaged to this share of the side, and back, bilinear.
  kGamma,          // To this power.
  kContrast,       // About the middle gray, times this.
  kSharpening,     // Unsharp mask of deviation 1 in pixels of a 224 pixel side; this much.
  kWider,          // Stretched sideways by this about the middle, and cut.
  kTaller,         // The same upwards.
};

struct Corruption {
  std::string name;  // "blur 1"
  CorruptionKind kind = CorruptionKind::kBlur;
  double strength = 0.0;
};

// Twelve: each kind twice, wider and taller once.
const std::vector<Corruption>& CorruptionSuite();

// Of the same size.  REQUIRES: `picture` is not empty.
cv::Mat1b Corrupt(const Corruption& corruption, const cv::Mat1b& picture);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_CORRUPTION_SUITE_H_
