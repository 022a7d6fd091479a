// The resize against Pillow's, on real films.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "core/domain/radiograph.h"
#include "core/inference/input/preprocessor.h"
#include "tests/core/inference/parity.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

TEST(PreprocessorParityTest, EveryReferenceFilmIsWithinOneLevelOfPillow) {
  CAMNODE_NEEDS_TEST_DATA("reference_models");
  CAMNODE_NEEDS_TEST_DATA("kermany_original");
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  v1::Preprocessing options;
  options.set_input_size(224);
  options.set_geometry(v1::GEOMETRY_SQUASH);
  options.set_intensity(v1::INTENSITY_POLICY_FIXED_WINDOW);
  options.set_window_center(40);
  options.set_window_width(800);
  int films = 0;
  int different = 0;
  const std::string root = TestDataPath("reference_models/");
  for (const nlohmann::json& entry : nlohmann::json::parse(ReadAll(root + "expected.json"))) {
    const Radiograph film = ReadFilm(TestDataPath(entry["file"].get<std::string>()));
    const Radiograph pillow = ReadFilm(root + entry["resized"].get<std::string>());
    const auto ours = PreparePixels(film, options);
    ASSERT_THAT(ours, IsOk()) << entry["file"];
    EXPECT_LE(cv::norm(ours->gray, pillow.presentation, cv::NORM_INF), 1.0) << entry["file"];
    cv::Mat1b difference;
    cv::absdiff(ours->gray, pillow.presentation, difference);
    different += cv::countNonZero(difference);
    ++films;
  }
  std::printf("%d films: %.3f %% of the pixels differ by a level\n", films,
              100.0 * different / (films * 224.0 * 224.0));
  EXPECT_EQ(films, 27);
}

}  // namespace
}  // namespace camnode
