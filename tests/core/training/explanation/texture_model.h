// A network whose answer is known: it counts texture, cell by cell, where it has weight.

#ifndef CAMNODE_TESTS_CORE_TRAINING_EXPLANATION_TEXTURE_MODEL_H_
#define CAMNODE_TESTS_CORE_TRAINING_EXPLANATION_TEXTURE_MODEL_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/cam_method.h"
#include "core/training/explanation/baseline_maps.h"
#include "core/training/explanation/explained_model.h"

namespace camnode {

constexpr int kTextureCells = 4;  // A side.
constexpr int kTextureSide = 32;  // Pixels.

// Evidence of a cell: weight * mean |pixel - 1/2| * 2, so that a checkerboard of black and
// white gives its weight, and a gray or blurred one nothing.  The logit is 4 times the sum,
// the map is the evidence.
class TextureModel : public ExplainedModel {
 public:
  explicit TextureModel(cv::Mat1f weights) : weights_(std::move(weights)) {}

  // Randomised maps are those of the trained weights all the same.
  bool ignores_weights = false;
  // The map shows this instead of the evidence, whatever the film.
  cv::Mat1f painted_map;
  int films_classified = 0;

  absl::StatusOr<ClassifierInput> Prepare(const Radiograph& film) const override {
    ClassifierInput input;
    input.side = kTextureSide;
    input.placement = {film.presentation.size(),
                       cv::Rect2d(0, 0, film.presentation.cols, film.presentation.rows)};
    for (int channel = 0; channel < 3; ++channel) {
      for (const uint8_t pixel : film.presentation) {
        input.image.push_back(static_cast<float>(pixel) / 255.0f);
      }
    }
    return input;
  }

  absl::StatusOr<std::vector<ModelResult>> Classify(
      const std::vector<ClassifierInput>& inputs) override {
    std::vector<ModelResult> results;
    for (const ClassifierInput& input : inputs) {
      const cv::Mat1f evidence = Evidence(input);
      ModelResult result;
      result.model = "texture";
      result.version = "1";
      result.finding.logit = static_cast<float>(4.0 * cv::sum(evidence)[0]);
      result.finding.positive = result.finding.logit > 0.5f;
      result.heatmap.values = painted_map.empty() ? evidence : painted_map;
      for (const float value : result.heatmap.values) {
        result.heatmap.peak = std::max(result.heatmap.peak, value);
      }
      result.placement = input.placement;
      results.push_back(result);
      ++films_classified;
    }
    return results;
  }

  absl::StatusOr<std::vector<cv::Mat1f>> SignedMaps(
      const ClassifierInput& input, const std::vector<CamMethod>& methods) override {
    return std::vector<cv::Mat1f>(methods.size(), Evidence(input));
  }

  std::vector<std::string> Stages() const override { return {"head", "trunk"}; }

  absl::StatusOr<std::vector<cv::Mat1f>> RandomisedMaps(const std::vector<ClassifierInput>& inputs,
                                                        size_t stages, uint64_t seed) override {
    std::vector<cv::Mat1f> maps;
    for (size_t film = 0; film < inputs.size(); ++film) {
      const bool own = stages == 0 || ignores_weights;
      maps.push_back(own ? Evidence(inputs[film])
                         : RandomMap(weights_.size(), seed * 100 + film * 10 + stages));
    }
    return maps;
  }

 private:
  cv::Mat1f Evidence(const ClassifierInput& input) const {
    constexpr int kCell = kTextureSide / kTextureCells;
    cv::Mat1f evidence(kTextureCells, kTextureCells, 0.0f);
    for (int y = 0; y < kTextureSide; ++y) {
      for (int x = 0; x < kTextureSide; ++x) {
        const float pixel = input.image[static_cast<size_t>(y * kTextureSide + x)];
        evidence(y / kCell, x / kCell) += std::abs(pixel - 0.5f) * 2.0f / (kCell * kCell);
      }
    }
    return cv::Mat1f(evidence.mul(weights_));
  }

  cv::Mat1f weights_;
};

// Gray, but for a checkerboard, two pixels a field, in the cells of `textured`.
inline Radiograph TexturedFilm(const cv::Rect& textured) {
  constexpr int kCell = kTextureSide / kTextureCells;
  Radiograph film;
  film.presentation = cv::Mat1b(kTextureSide, kTextureSide, uint8_t{128});
  for (int y = 0; y < kTextureSide; ++y) {
    for (int x = 0; x < kTextureSide; ++x) {
      if (textured.contains({x / kCell, y / kCell})) {
        film.presentation(y, x) = (x / 2 + y / 2) % 2 == 0 ? 0 : 255;
      }
    }
  }
  return film;
}

inline cv::Mat1f EqualWeights() { return cv::Mat1f(kTextureCells, kTextureCells, 1.0f); }

// Nothing but the upper left quadrant counts.
inline cv::Mat1f QuadrantWeights() {
  cv::Mat1f weights(kTextureCells, kTextureCells, 0.0f);
  weights(cv::Rect(0, 0, 2, 2)) = 1.0f;
  return weights;
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_TRAINING_EXPLANATION_TEXTURE_MODEL_H_
