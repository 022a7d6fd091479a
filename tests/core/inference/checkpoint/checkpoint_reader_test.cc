// Also: checkpoint_storages.

#include "core/inference/checkpoint/checkpoint_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/inference/checkpoint/safetensors.h"
#include "tests/core/inference/checkpoint/checkpoint_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

const TensorText kMatrix{"FloatStorage", "0", 6, 0, {2, 3}, {3, 1}, false};

std::string SixFloats() { return FloatBytes({0, 1, 2, 3, 4, 5}); }

// A zip checkpoint whose pickle is `object` and whose storage 0 is `storage`.
std::string Zip(absl::string_view object, const std::string& storage) {
  return ZipCheckpoint(
      {{"data.pkl", WholePickle(object)}, {"version", "3\n"}, {"data/0", storage}});
}

std::string ZipOf(const TensorText& tensor, const std::string& storage) {
  return Zip(PickleDictionary({{"w", PickleTensor(tensor)}}), storage);
}

torch::Tensor Expected() { return torch::arange(6, torch::kFloat32).view({2, 3}); }

TEST(CheckpointReaderTest, ReadsABareStateDictFromAZip) {
  const auto tensors = ParseCheckpoint(ZipOf(kMatrix, SixFloats()));
  ASSERT_THAT(tensors, IsOk());
  ASSERT_EQ(tensors->size(), 1);
  EXPECT_TRUE(tensors->at("w").equal(Expected()));
}

TEST(CheckpointReaderTest, FindsTheStateDictUnderItsUsualKeysBesideOtherThings) {
  for (const char* key : {"state_dict", "model_state_dict"}) {
    const std::string object =
        PickleDictionary({{"epoch", "K\x03"},
                          {key, PickleDictionary({{"w", PickleTensor(kMatrix)}})},
                          {"optimizer", PickleDictionary({{"lr", "K\x01"}})}});
    const auto tensors = ParseCheckpoint(Zip(object, SixFloats()));
    ASSERT_THAT(tensors, IsOk());
    EXPECT_TRUE(tensors->at("w").equal(Expected()));
  }
}

TEST(CheckpointReaderTest, ReadsTheLegacyFormat) {
  TensorText matrix = kMatrix;
  matrix.legacy = true;
  const std::string object = PickleDictionary({{"w", PickleTensor(matrix)}});
  const auto tensors = ParseCheckpoint(LegacyCheckpoint(object, 6, SixFloats()));
  ASSERT_THAT(tensors, IsOk());
  EXPECT_TRUE(tensors->at("w").equal(Expected()));
}

// torch.save(..., pickle_protocol=4, _use_new_zipfile_serialization=False)
TEST(CheckpointReaderTest, ReadsTheLegacyFormatInEveryPickleProtocol) {
  TensorText matrix = kMatrix;
  matrix.legacy = true;
  const std::string written =
      LegacyCheckpoint(PickleDictionary({{"w", PickleTensor(matrix)}}), 6, SixFloats());
  const std::string rest = written.substr(2);  // After the magic number's protocol.
  const std::string frame = "\x95" + LittleEndian(13, 8);
  for (const char* start : {"\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"}) {
    EXPECT_THAT(ParseCheckpoint(start + rest), IsOk()) << absl::CHexEscape(start);
  }
  EXPECT_THAT(ParseCheckpoint("\x80\x04" + frame + rest), IsOk());
  EXPECT_THAT(ParseCheckpoint("\x80\x05" + frame + rest), IsOk());
  EXPECT_THAT(ParseCheckpoint("\x80\x06" + rest), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ParseCheckpoint("\x80\x04\x95"), StatusIs(absl::StatusCode::kDataLoss));
}

// torch.zeros(1).expand(2, 3): PyTorch stores its one element.
TEST(CheckpointReaderTest, ReadsATensorThatShowsAnElementManyTimes) {
  const auto tensors =
      ParseCheckpoint(ZipOf({"FloatStorage", "0", 2, 1, {2, 3}, {0, 0}}, FloatBytes({5, 7})));
  ASSERT_THAT(tensors, IsOk());
  EXPECT_TRUE(tensors->at("w").equal(torch::full({2, 3}, 7.0f)));
}

TEST(CheckpointReaderTest, ReadsSafetensors) {
  const auto bytes = FormatSafetensors({{"w", Expected()}});
  ASSERT_THAT(bytes, IsOk());
  const auto tensors = ParseCheckpoint(*bytes);
  ASSERT_THAT(tensors, IsOk());
  EXPECT_TRUE(tensors->at("w").equal(Expected()));
  EXPECT_THAT(ParseCheckpoint(bytes->substr(0, bytes->size() - 1)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("safetensors")));
}

TEST(CheckpointReaderTest, FollowsOffsetsAndStrides) {
  // Rows of a transposed 3 x 2 matrix, from element 1: {{1, 3}, {2, 4}}.
  const auto tensors =
      ParseCheckpoint(ZipOf({"FloatStorage", "0", 6, 1, {2, 2}, {1, 2}}, SixFloats()));
  ASSERT_THAT(tensors, IsOk());
  EXPECT_TRUE(tensors->at("w").equal(torch::tensor({{1.0f, 3.0f}, {2.0f, 4.0f}})));
}

TEST(CheckpointReaderTest, KeepsHalfBfloat16AndInt64AsTheyAre) {
  for (const auto& [storage, type] :
       std::vector<std::pair<std::string, torch::ScalarType>>{{"HalfStorage", torch::kFloat16},
                                                              {"BFloat16Storage", torch::kBFloat16},
                                                              {"LongStorage", torch::kInt64}}) {
    const torch::Tensor values = torch::tensor({1, 2, 3}).to(type);
    const std::string bytes(static_cast<const char*>(values.data_ptr()), values.nbytes());
    const auto tensors = ParseCheckpoint(ZipOf({storage, "0", 3, 0, {3}, {1}}, bytes));
    ASSERT_THAT(tensors, IsOk());
    EXPECT_TRUE(tensors->at("w").equal(values)) << storage;
  }
}

TEST(CheckpointReaderTest, RefusesTensorsThatReachBeyondTheirStorage) {
  for (const TensorText& tensor : {
           TensorText{"FloatStorage", "0", 6, 1, {2, 3}, {3, 1}},
           TensorText{"FloatStorage", "0", 6, 0, {2, 3}, {4, 1}},
           TensorText{"FloatStorage", "0", 6, kHuge, {1}, {1}},
           TensorText{"FloatStorage", "0", 6, 0, {2}, {kHuge}},
           TensorText{"FloatStorage", "0", 6, 1, {2}, {kHuge}},
           TensorText{"FloatStorage", "0", 6, 0, {kHuge, kHuge}, {0, 0}},
           TensorText{"FloatStorage", "0", 6, 0, {0, kHuge, kHuge}, {0, 0, 0}},
           TensorText{"FloatStorage", "0", 6, 0, {int64_t{1} << 62}, {0}},
           // One element shown a billion times would take 4 GB.
           TensorText{"FloatStorage", "0", 6, 0, {1'000'000'000}, {0}},
       }) {
    EXPECT_THAT(ParseCheckpoint(ZipOf(tensor, SixFloats())),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tensor w")));
  }
}

TEST(CheckpointReaderTest, RefusesStoragesOfAnotherSizeThanTheFileHolds) {
  for (const int64_t elements : {int64_t{5}, int64_t{7}, int64_t{1} << 40, kHuge}) {
    const TensorText tensor{"FloatStorage", "0", elements, 0, {2}, {1}, false};
    EXPECT_THAT(ParseCheckpoint(ZipOf(tensor, SixFloats())), StatusIs(absl::StatusCode::kDataLoss))
        << elements;
  }
  for (const int64_t elements : {int64_t{7}, int64_t{1} << 40, kHuge}) {
    const TensorText tensor{"FloatStorage", "0", elements, 0, {2}, {1}, true};
    const std::string object = PickleDictionary({{"w", PickleTensor(tensor)}});
    for (const int64_t written : {int64_t{6}, elements}) {
      EXPECT_THAT(ParseCheckpoint(LegacyCheckpoint(object, written, SixFloats())),
                  StatusIs(absl::StatusCode::kDataLoss))
          << elements;
    }
  }
}

TEST(CheckpointReaderTest, RefusesAStorageNameThatIsAPath) {
  EXPECT_THAT(ParseCheckpoint(ZipOf({"FloatStorage", "../0", 6, 0, {6}, {1}}, SixFloats())),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no number")));
}

TEST(CheckpointReaderTest, RefusesToShowOneStorageManyTimesOver) {
  std::vector<std::pair<std::string, std::string>> views;
  const std::string bytes(4'000'000, '\0');
  const TensorText whole{"FloatStorage", "0", 1'000'000, 0, {1'000'000}, {1}};
  for (int i = 0; i < 10; ++i) views.emplace_back(absl::StrCat("w", i), PickleTensor(whole));
  EXPECT_THAT(ParseCheckpoint(Zip(PickleDictionary(views), bytes)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("twice the bytes")));
}

TEST(CheckpointReaderTest, RefusesAPickleThatRunsSomething) {
  const std::string object =
      PickleDictionary({{"w", PickleCall("os", "system", {PickleText("true")})}});
  EXPECT_THAT(ParseCheckpoint(Zip(object, SixFloats())),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("os.system")));
  EXPECT_THAT(ParseCheckpoint(LegacyCheckpoint(object, 6, SixFloats())),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("os.system")));
}

TEST(CheckpointReaderTest, NamesWhatIsNoTensorInAStateDict) {
  const std::string object =
      PickleDictionary({{"w", PickleTensor(kMatrix)}, {"lr", "K\x01"}, {"note", PickleText("x")}});
  EXPECT_THAT(ParseCheckpoint(Zip(object, SixFloats())),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("model_state_dict"), HasSubstr("lr, note"))));
}

TEST(CheckpointReaderTest, NamesATensorOfATypeThatNetworksHereDoNotHave) {
  EXPECT_THAT(ParseCheckpoint(ZipOf({"DoubleStorage", "0", 3, 0, {3}, {1}}, SixFloats())),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("tensor w"), HasSubstr("float32"))));
}

// The zip reader takes these two into memory whatever their size.
TEST(CheckpointReaderTest, RefusesARecordOfTheArchiveThatUnpacksToFarMore) {
  for (const char* record : {"version", "VERSION", ".data/version", ".data/serialization_id"}) {
    const std::string bomb = ZipCheckpoint({{"data.pkl", WholePickle("}")},
                                            {record, std::string(30'000'000, '3')},
                                            {"version", "3\n"}},
                                           record);
    ASSERT_LT(bomb.size(), 100'000);
    EXPECT_THAT(ParseCheckpoint(bomb),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("30000000 bytes")))
        << record;
  }
}

TEST(CheckpointReaderTest, ReportsAVersionThatIsNoNumber) {
  for (const char* version : {"", "abc", "99999999999999999999999"}) {
    EXPECT_THAT(
        ParseCheckpoint(ZipCheckpoint({{"data.pkl", WholePickle("}")}, {"version", version}})),
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged checkpoint")))
        << version;
  }
}

// An error is printed on a terminal.
TEST(CheckpointReaderTest, WritesNoControlCharacterOfANameIntoAnError) {
  EXPECT_THAT(ParseCheckpoint(Zip(PickleDictionary({{"\x1b[2J", "K\x01"}}), SixFloats())),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\\x1b[2J")));
  TensorText beyond = kMatrix;
  beyond.offset = 9;
  EXPECT_THAT(
      ParseCheckpoint(Zip(PickleDictionary({{"\x1b[2J", PickleTensor(beyond)}}), SixFloats())),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tensor \\x1b[2J")));
  const auto read =
      ParseCheckpoint(Zip(PickleDictionary({{"\x1b[2J", PickleTensor(kMatrix)}}), SixFloats()));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->begin()->first, "\\x1b[2J");
}

TEST(CheckpointReaderTest, ExplainsWhatATorchScriptFileIs) {
  EXPECT_THAT(ParseCheckpoint(ZipCheckpoint({{"data.pkl", WholePickle("}")},
                                             {"constants.pkl", WholePickle(")")},
                                             {"version", "3\n"}})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("TorchScript")));
}

TEST(CheckpointReaderTest, ReportsAFileThatIsNoCheckpoint) {
  for (const std::string& bytes : {std::string(), std::string("hello"), std::string(1000, '\0'),
                                   std::string("PK\x03\x04"), std::string("\x80\x02.")}) {
    EXPECT_THAT(ParseCheckpoint(bytes), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(ReadCheckpoint("/no/such/file.pth"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file.pth")));
}

TEST(CheckpointReaderTest, ReportsAFileCutOffAnywhere) {
  TensorText legacy_matrix = kMatrix;
  legacy_matrix.legacy = true;
  const std::string zip = ZipOf(kMatrix, SixFloats());
  const std::string legacy =
      LegacyCheckpoint(PickleDictionary({{"w", PickleTensor(legacy_matrix)}}), 6, SixFloats());
  for (const std::string& whole : {zip, legacy}) {
    ASSERT_THAT(ParseCheckpoint(whole), IsOk());
    for (size_t length = 0; length < whole.size(); length += 3) {
      EXPECT_THAT(ParseCheckpoint(whole.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss))
          << length << " bytes";
    }
  }
}

// Every byte of the archive's own structure set to its extremes: an answer each time.
TEST(CheckpointReaderTest, SurvivesADamagedArchive) {
  const std::string whole = ZipOf(kMatrix, SixFloats());
  int refused = 0;
  for (size_t position = 0; position < whole.size(); ++position) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[position] = value;
      refused += !ParseCheckpoint(changed).ok();
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(CheckpointReaderTest, ReadsWhatPyTorchWroteInEachOfItsForms) {
  CAMNODE_NEEDS_TEST_DATA("reference_models");
  const std::vector<std::pair<std::string, size_t>> files = {
      {"resnet18", 122}, {"efficientnet_b0", 360}, {"densenet121", 727}};
  for (const auto& [name, tensors] : files) {
    const auto read = ReadCheckpoint(TestDataPath("reference_models/" + name + ".pth"));
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->size(), tensors) << name;
  }
}

}  // namespace
}  // namespace camnode
