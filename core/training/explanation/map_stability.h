// Does the map stay where it was when the film changes a little?
//
// The network's input is shifted, turned, enlarged, brightened or given more contrast by
// amounts that no reader would notice; the new map is carried back through the inverse of
// the change, and compared with the old one by Spearman's rank correlation over the cells
// that stayed on the film, and by how far the strongest cell's centre moved.  Moved films
// repeat their edge.  A map cell is 1/7 of the film's width where the input has 224 pixels,
// so a peak that moves to a neighbour has moved by 0.14.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_MAP_STABILITY_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_MAP_STABILITY_H_

#include <cstdint>
#include <opencv2/core/matx.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/training/explanation/explained_model.h"
#include "core/training/explanation/explanation_result.h"

namespace camnode {

struct FilmChange {
  std::string name;
  // Shares of the input's side, to the right and down; degrees; factor; about the middle.
  double right = 0.0;
  double down = 0.0;
  double degrees = 0.0;
  double enlarged = 1.0;
  // In the film's own deviations, and a factor about its mean.
  double brighter = 0.0;
  double contrast = 1.0;
};

// The changes that are measured.
std::vector<FilmChange> SmallChanges();

ClassifierInput Changed(const ClassifierInput& input, const FilmChange& change);

// Where a point of the film lies after the change, both in shares of the side.
cv::Vec2d Moved(const cv::Vec2d& point, const FilmChange& change);

// One row a change, means over the films.  A film whose map is empty before or after counts
// as correlation 0 and not for the peak.  REQUIRES: a result for each input.
// Errors: those of the model.
absl::StatusOr<std::vector<MapStability>> MeasureStability(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs,
    const std::vector<ModelResult>& results, uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_MAP_STABILITY_H_
