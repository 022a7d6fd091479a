#include "core/inference/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/core/inference/checkpoint/checkpoint_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::string File(absl::string_view header, absl::string_view data) {
  return absl::StrCat(LittleEndian(header.size(), 8), header, data);
}

NamedTensors Sample() {
  return {{"b.half", torch::tensor({1.5f, -2.0f}).to(torch::kFloat16)},
          {"a.matrix", torch::tensor({{1.0f, 2.0f}, {3.0f, 4.0f}})},
          {"count", torch::tensor(int64_t{7})},
          {"empty", torch::empty({0, 3})}};
}

TEST(SafetensorsTest, GivesBackWhatWasWritten) {
  const auto bytes = FormatSafetensors(Sample());
  ASSERT_THAT(bytes, IsOk());
  const auto read = ParseSafetensors(*bytes);
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->size(), 4);
  for (const auto& [name, tensor] : Sample()) {
    EXPECT_EQ(read->at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read->at(name).equal(tensor)) << name;
  }
}

TEST(SafetensorsTest, WritesTheSameBytesForTheSameTensorsInAnyMemoryOrder) {
  NamedTensors transposed = Sample();
  transposed["a.matrix"] = transposed["a.matrix"].t().contiguous().t();
  EXPECT_EQ(*FormatSafetensors(Sample()), *FormatSafetensors(transposed));
}

// By hand, from the format's description.
TEST(SafetensorsTest, WritesTheFormatThatItsDescriptionGives) {
  const auto bytes = FormatSafetensors({{"w", torch::tensor({1.0f})}});
  ASSERT_THAT(bytes, IsOk());
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  EXPECT_EQ(bytes->substr(8, header.size()), header);
  EXPECT_EQ(bytes->substr(bytes->size() - 4), std::string("\0\0\x80\x3f", 4));
  EXPECT_EQ(bytes->size() % 4, 0);
}

TEST(SafetensorsTest, RefusesToWriteATypeItCouldNotRead) {
  EXPECT_THAT(FormatSafetensors({{"w", torch::zeros({1}, torch::kFloat64)}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tensor w")));
}

TEST(SafetensorsTest, ReadsAHandmadeFile) {
  const auto read = ParseSafetensors(
      File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", FloatBytes({1, 2})));
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->at("w").equal(torch::tensor({1.0f, 2.0f})));
}

TEST(SafetensorsTest, RefusesHeadersThatLie) {
  const std::string eight = FloatBytes({1, 2});
  const std::vector<std::pair<std::string, std::string>> files = {
      {"shorter than", "abc"},
      {"header's length", LittleEndian(~uint64_t{0}, 8) + "{}"},
      {"header's length", LittleEndian(100, 8) + "{}"},
      {"not a JSON object", File("[]", "")},
      {"not a JSON object", File("{", "")},
      {"not a JSON object", File(std::string(100'000, '['), "")},
      {"no object", File(R"({"w":5})", "")},
      {"named twice", File(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                           R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                           eight)},
      {"named twice", File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4],"shape":[1]}})",
                           FloatBytes({1}))},
      {"\\x1b[2J", File(R"({"\u001b[2J":5})", "")},
      {"not of type", File(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", eight)},
      {"shape", File(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", eight)},
      {"shape",
       File(R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})", eight)},
      {"data_offsets", File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0.5,8]}})", eight)},
      {"outside", File(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", eight)},
      {"outside", File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", eight)},
      {"shape needs", File(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", eight)},
      {"too large",
       File(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})",
            eight)},
      {"too large",
       File(R"({"w":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}})", "")},
      {"after the last", File(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight)},
      {"hole or an overlap",
       File(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight)},
      {"hole or an overlap", File(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                  R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                  eight)},
  };
  for (const auto& [what, bytes] : files) {
    EXPECT_THAT(ParseSafetensors(bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(what)));
  }
}

TEST(SafetensorsTest, NamesAFileThatIsNotThere) {
  EXPECT_THAT(ReadSafetensors("/no/such/weights.safetensors"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such")));
}

}  // namespace
}  // namespace camnode
