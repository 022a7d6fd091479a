#include "core/pipeline/output_writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/film/instance_header.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Uid MakeUid(const std::string& text) { return Uid::Parse(text).value(); }

ModelSet SomeModels() {
  ModelSet models;
  models.digest = "model digest";
  models.threshold_set = "thresholds";
  models.preprocessing = "preprocessing";
  models.population = "trained on ...";
  return models;
}

ModelResult SomeResult(const std::string& model) {
  ModelResult result;
  result.model = model;
  result.version = "1";
  result.weights_sha256 = model + " weights";
  result.finding.label = "pneumonia";
  result.heatmap.values = cv::Mat1f::ones(7, 7);
  result.heatmap.peak = 1.0f;
  result.placement = {cv::Size(400, 300), cv::Rect2d(0, 0, 400, 300)};
  return result;
}

class OutputWritersTest : public ::testing::Test {
 protected:
  OutputWritersTest() : source_(SourceAttributes::Synthetic(MakeInstance())) {
    instance_ = MakeInstance();
    analysis_.results = {SomeResult("resnet18"), SomeResult("densenet121")};
    analysis_.agreement.models = 2;
    analysis_.agreement.sentence = "Both models used the same area.";
    analysis_.started_ms = 1'700'000'000'000;
    film_ = cv::Mat1b(300, 400, static_cast<uint8_t>(77));
  }

  static Instance MakeInstance() {
    Instance instance;
    instance.sop_instance_uid = MakeUid("1.2.3");
    instance.series_instance_uid = MakeUid("1.2");
    instance.study_instance_uid = MakeUid("1");
    instance.media_type = MediaType::kPng;
    instance.sha256 = "film digest";
    return instance;
  }

  void Refuse() {
    analysis_.results.clear();
    analysis_.outcome = AnalysisOutcome::kNotEligible;
    analysis_.reason_code = "NOT_FRONTAL";
    analysis_.reason = "A lateral film.";
  }

  // Every object that `options` make, in order.
  std::vector<WrittenOutput> WriteAll(const OutputOptions& options) {
    std::vector<WrittenOutput> outputs;
    for (const auto& writer : MakeOutputWriters(options, models_)) {
      for (int i = 0; i < writer->CountFor(analysis_); ++i) {
        auto output = writer->Write({instance_, source_, analysis_, film_, source_mutex_}, i);
        EXPECT_THAT(output, IsOk());
        outputs.push_back(*std::move(output));
      }
    }
    return outputs;
  }

  InstanceHeader ReadBack(const std::string& bytes) {
    const std::string path = absl::StrCat(directory_.path(), "/object.dcm");
    std::ofstream(path, std::ios::binary) << bytes;
    const auto header = ReadInstanceHeader(path);
    EXPECT_THAT(header, IsOk());
    return *header;
  }

  TemporaryDirectory directory_;
  ModelSet models_ = SomeModels();
  Instance instance_;
  SourceAttributes source_;
  Analysis analysis_;
  cv::Mat1b film_;
  Mutex source_mutex_;
};

std::vector<std::string> Kinds(const std::vector<WrittenOutput>& outputs) {
  std::vector<std::string> kinds;
  for (const auto& output : outputs) {
    kinds.push_back(absl::StrCat(output.derived.kind, ":", output.derived.model));
  }
  return kinds;
}

TEST_F(OutputWritersTest, AnAnalysedFilmGivesAnOverlayPerModelAndAPanel) {
  EXPECT_THAT(Kinds(WriteAll(OutputOptions())),
              ElementsAre("overlay:resnet18", "overlay:densenet121", "panel:"));
}

TEST_F(OutputWritersTest, EachKindCanBeTurnedOff) {
  OutputOptions only_panel;
  only_panel.settings.overlays = false;
  OutputOptions none = only_panel;
  none.settings.panel = false;
  EXPECT_THAT(Kinds(WriteAll(only_panel)), ElementsAre("panel:"));
  EXPECT_THAT(WriteAll(none), IsEmpty());
}

TEST_F(OutputWritersTest, ARefusedFilmGivesANoticeOnlyIfAskedFor) {
  Refuse();
  EXPECT_THAT(WriteAll(OutputOptions()), IsEmpty());
  OutputOptions with_notice;
  with_notice.settings.refusal_notice = true;
  EXPECT_THAT(Kinds(WriteAll(with_notice)), ElementsAre("notice:"));
}

TEST_F(OutputWritersTest, AnAnalysedFilmGivesNoNotice) {
  OutputOptions with_notice;
  with_notice.settings.refusal_notice = true;
  EXPECT_EQ(WriteAll(with_notice).size(), 3u);
}

TEST_F(OutputWritersTest, TheRowSaysWhatTheFileSays) {
  for (const WrittenOutput& output : WriteAll(OutputOptions())) {
    const InstanceHeader header = ReadBack(output.bytes);
    EXPECT_EQ(header.sop_instance_uid, output.derived.sop_instance_uid);
    EXPECT_EQ(header.sop_class_uid, output.derived.sop_class_uid);
    EXPECT_EQ(header.series_instance_uid, output.derived.series_instance_uid);
    EXPECT_EQ(header.study_instance_uid, output.derived.study_instance_uid);
    EXPECT_EQ(header.transfer_syntax_uid, output.derived.transfer_syntax_uid);
    EXPECT_EQ(header.study_instance_uid, instance_.study_instance_uid);
    EXPECT_EQ(header.samples_per_pixel, 3);
  }
}

TEST_F(OutputWritersTest, ARepeatGivesTheSameObjectsByteForByte) {
  const auto first = WriteAll(OutputOptions());
  const auto second = WriteAll(OutputOptions());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].derived.sop_instance_uid, second[i].derived.sop_instance_uid);
    EXPECT_TRUE(first[i].bytes == second[i].bytes);
  }
}

TEST_F(OutputWritersTest, OverlaysShareASeriesAndThePanelHasItsOwn) {
  const auto outputs = WriteAll(OutputOptions());
  EXPECT_EQ(outputs[0].derived.series_instance_uid, outputs[1].derived.series_instance_uid);
  EXPECT_NE(outputs[0].derived.series_instance_uid, outputs[2].derived.series_instance_uid);
  EXPECT_NE(outputs[0].derived.series_instance_uid, instance_.series_instance_uid);
}

// Whoever changes one of these gets another object, never another content under
// the same UID.
TEST_F(OutputWritersTest, EveryOptionThatChangesBytesChangesTheUid) {
  std::set<Uid> overlays = {WriteAll(OutputOptions())[0].derived.sop_instance_uid};
  std::set<Uid> panels = {WriteAll(OutputOptions())[2].derived.sop_instance_uid};
  const auto add = [&](auto change, bool overlay, bool panel) {
    OutputOptions options;
    change(options);
    const auto outputs = WriteAll(options);
    EXPECT_EQ(overlays.insert(outputs[0].derived.sop_instance_uid).second, overlay);
    EXPECT_EQ(panels.insert(outputs[2].derived.sop_instance_uid).second, panel);
  };
  add([](OutputOptions& o) { o.settings.alpha = 0.5; }, true, true);
  add([](OutputOptions& o) { o.settings.series_number_base = 8000; }, true, true);
  add([](OutputOptions& o) { o.time_zone = "Europe/Berlin"; }, true, true);
  add([](OutputOptions& o) { o.device_class = "cuda"; }, true, true);
  add([](OutputOptions& o) { o.settings.overlay_max_long_side = 800; }, true, false);
  add([](OutputOptions& o) { o.settings.native_size = true; }, true, false);
  add([](OutputOptions& o) { o.settings.panel_max_long_side = 1000; }, false, true);
}

TEST_F(OutputWritersTest, AnotherModelSetMakesOtherObjectsInOtherSeries) {
  const auto before = WriteAll(OutputOptions());
  models_.digest = "retrained";
  const auto after = WriteAll(OutputOptions());
  EXPECT_NE(before[0].derived.sop_instance_uid, after[0].derived.sop_instance_uid);
  EXPECT_NE(before[0].derived.series_instance_uid, after[0].derived.series_instance_uid);
}

// The panel shows the agreement's percentiles, the overlays do not.
TEST_F(OutputWritersTest, AnotherMeasureOfChanceMakesAnotherPanel) {
  const auto before = WriteAll(OutputOptions());
  models_.agreement_null = "measured again";
  const auto after = WriteAll(OutputOptions());
  EXPECT_EQ(before[0].derived.sop_instance_uid, after[0].derived.sop_instance_uid);
  EXPECT_NE(before[2].derived.sop_instance_uid, after[2].derived.sop_instance_uid);
}

}  // namespace
}  // namespace camnode
