// What an independent implementation made of films: expected.json of the reference
// models, and the part of it that tests/testdata carries.

#ifndef CAMNODE_TESTS_CORE_INFERENCE_PARITY_H_
#define CAMNODE_TESTS_CORE_INFERENCE_PARITY_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/render/image_codec.h"

namespace camnode {

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

inline Radiograph ReadFilm(const std::string& path) {
  constexpr int64_t kMaxPixels = 50'000'000;
  const bool dicom = path.size() > 4 && path.substr(path.size() - 4) == ".dcm";
  auto film = dicom ? ReadRadiograph(path, {kMaxPixels}) : DecodePicture(ReadAll(path), kMaxPixels);
  EXPECT_TRUE(film.ok()) << path << ": " << film.status();
  return film.ok() ? *std::move(film) : Radiograph();
}

// Largest differences so far, printed so that a drift can be seen before it fails.
struct Differences {
  double logit = 0.0;
  double map = 0.0;  // Of any cell, in logits.
  int compared = 0;

  void Add(const ModelResult& result, const nlohmann::json& expected) {
    ++compared;
    logit = std::max(logit, std::abs(result.finding.logit - expected["logit"].get<double>()));
    const auto& rows = expected["heatmap"];
    ASSERT_EQ(static_cast<size_t>(result.heatmap.values.rows), rows.size());
    for (int row = 0; row < result.heatmap.values.rows; ++row) {
      for (int column = 0; column < result.heatmap.values.cols; ++column) {
        map = std::max(
            map, std::abs(result.heatmap.values(row, column) - rows[row][column].get<double>()));
      }
    }
    map = std::max(map, std::abs(result.heatmap.peak - expected["heatmap_peak"].get<double>()));
  }
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_INFERENCE_PARITY_H_
