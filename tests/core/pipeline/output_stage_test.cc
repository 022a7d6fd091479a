// Writers made by hand, a real blob store.

#include "core/pipeline/output_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/sha256.h"
#include "core/domain/analysis.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Makes `count` objects "NAME 0", "NAME 1", ...; those from `bad` on fail.
class NamedWriter final : public OutputWriter {
 public:
  NamedWriter(std::string name, int count, int bad = 1000)
      : name_(std::move(name)), count_(count), bad_(bad) {}

  absl::string_view kind() const override { return name_; }
  int CountFor(const Analysis&) const override { return count_; }
  absl::StatusOr<WrittenOutput> Write(const OutputInput&, int index) const override {
    const std::string text = absl::StrCat(name_, " ", index);
    if (index >= bad_) return absl::DataLossError(text);
    WrittenOutput output;
    output.derived.kind = name_;
    output.bytes = text;
    return output;
  }

 private:
  const std::string name_;
  const int count_;
  const int bad_;
};

class OutputStageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto blobs = BlobStore::Open(directory_.path());
    ASSERT_THAT(blobs, IsOk());
    blobs_ = *std::move(blobs);
  }

  absl::Status Write(const cv::Mat1b& film) {
    Instance instance;
    instance.study_instance_uid = Uid::Derive("study");
    OutputStage stage(*blobs_, 64);
    return stage.Write(writers_, instance, SourceAttributes::Synthetic(instance), film, analyzed_);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<BlobStore> blobs_;
  std::vector<std::unique_ptr<OutputWriter>> writers_;
  AnalyzedFilm analyzed_;
};

TEST_F(OutputStageTest, ObjectsComeInTheOrderOfTheirWritersAndAreKept) {
  writers_.push_back(std::make_unique<NamedWriter>("overlay", 12));
  writers_.push_back(std::make_unique<NamedWriter>("panel", 0));
  writers_.push_back(std::make_unique<NamedWriter>("notice", 1));
  ASSERT_THAT(Write(cv::Mat1b(100, 200, uint8_t{7})), IsOk());

  ASSERT_THAT(analyzed_.derived, SizeIs(13));
  for (int i = 0; i < 13; ++i) {
    const DerivedInstance& derived = analyzed_.derived[static_cast<size_t>(i)];
    const std::string bytes = i < 12 ? absl::StrCat("overlay ", i) : "notice 0";
    EXPECT_THAT(blobs_->ReadAll(derived.blob_id, 100), IsOkAndHolds(bytes));
    EXPECT_EQ(derived.sha256, Sha256Hex(bytes));
    EXPECT_EQ(derived.size_bytes, static_cast<int64_t>(bytes.size()));
  }
  EXPECT_THAT(blobs_->ReadAll(analyzed_.analysis.display_blob_id, 100'000), IsOk());
}

TEST_F(OutputStageTest, OfSeveralFailuresTheFirstObjectsIsReported) {
  writers_.push_back(std::make_unique<NamedWriter>("overlay", 4, 2));
  writers_.push_back(std::make_unique<NamedWriter>("panel", 1, 0));
  EXPECT_THAT(Write(cv::Mat1b(100, 200, uint8_t{7})),
              StatusIs(absl::StatusCode::kDataLoss, "overlay 2"));
}

TEST_F(OutputStageTest, AFilmThatWasNotDecodedHasNoDisplayRaster) {
  writers_.push_back(std::make_unique<NamedWriter>("notice", 1));
  ASSERT_THAT(Write(cv::Mat1b()), IsOk());
  EXPECT_THAT(analyzed_.derived, SizeIs(1));
  EXPECT_THAT(analyzed_.analysis.display_blob_id, IsEmpty());
}

}  // namespace
}  // namespace camnode
