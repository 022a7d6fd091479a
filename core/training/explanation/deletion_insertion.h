// Deletion and insertion (Petsiuk et al., "RISE", BMVC 2018): does a map order the film's
// pixels as the network needs them?
//
// Pixels are ordered by the map, stretched over the input bilinearly, strongest first.
// Insertion starts from the film with everything deleted and puts back the whole film's
// pixels in that order; deletion starts from the whole film and deletes pixels in that
// order.  A map that names what the network needs lets the logit rise early and fall
// early.  After each of `steps` equal shares of the pixels the logit is taken, and
//
//   curve(share)  = (logit(share) - logit(deleted)) / scale
//   scale         = max(|logit(whole) - logit(deleted)|, kScaleFloor)
//   insertion     = area under the insertion curve (trapezia), deletion likewise
//   score         = insertion - deletion
//
// The logit, not the probability, because that saturates.  The floor bounds what a film
// whose deleted copy scores almost the same can contribute; the difference is taken without
// its sign, so that a film that scores lower than its deleted copy keeps the order of maps.
// An order and its reverse have opposite scores, so that a random one expects 0.
//
// What is deleted.  The film is blurred, which leaves no edge that no film has, as black or
// mean fill would.  But a blurred lung has no vessels, and neither has an opaque one:
// networks for pneumonia find every film the more like pneumonia the more it is blurred, and
// what follows from deleting with blur alone is about blur.  So FillKind::kTexture adds to
// the blurred film what blurring took, with its phases drawn at random: as bright and as
// sharp as the film everywhere, and nothing of what lies where.  It is noisy imputation, as
// ROAD's (Rong et al., ICML 2022), with the film's own spectrum as the noise.
//
// Pixels that the map leaves equal, above all those without any evidence, are ordered by
// the film's random map: a map that says nothing scores exactly as that does.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_DELETION_INSERTION_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_DELETION_INSERTION_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "core/inference/classifier.h"
#include "core/training/explanation/explained_model.h"

namespace camnode {

constexpr double kScaleFloor = 1.0;  // Logits.
// Of the Gaussian, in sides of the input: wider than a rib or a vessel, narrower than a
// lung; 22 pixels of 224.
constexpr double kBlurSigma = 0.1;

enum class FillKind {
  kTexture,
  kBlur,  // Alone: to compare with what others report.
};

struct DeletionInsertionOptions {
  int steps = 10;  // REQUIRES: more than 1.
  double blur_sigma = kBlurSigma;
  FillKind fill = FillKind::kTexture;
};

struct DeletionInsertion {
  std::vector<double> insertion_curve;  // steps + 1 values, the first of no pixel.
  std::vector<double> deletion_curve;
  double insertion = 0.0;
  double deletion = 0.0;
  double score = 0.0;
};

struct FilmCurves {
  double whole_logit = 0.0;
  double deleted_logit = 0.0;
  bool at_scale_floor = false;
  std::vector<DeletionInsertion> maps;  // In the order given.
};

// Positions of the pixels of a side x side input, strongest first.  `ties` has any grid.
std::vector<int> PixelOrder(const cv::Mat1f& map, const cv::Mat1f& ties, int64_t side);

// Every channel, the border reflected.  `sigma` in sides of the input.
ClassifierInput Blurred(const ClassifierInput& input, double sigma);

// The film with everything deleted.  The same for the same seed.
ClassifierInput Deleted(const ClassifierInput& input, const DeletionInsertionOptions& options,
                        uint64_t seed);

// The curves of one film along each map.  2 + 2 * (steps - 1) * maps passes.
// REQUIRES: no map without cells.
// Errors: those of the model.
absl::StatusOr<FilmCurves> MeasureDeletionInsertion(
    ExplainedModel& model, const ClassifierInput& input, const std::vector<cv::Mat1f>& maps,
    const cv::Mat1f& ties, const DeletionInsertionOptions& options, uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_DELETION_INSERTION_H_
