// Pickles are written here instruction by instruction; Python's pickletools names them.
// Also: pickle_globals.

#include "core/inference/checkpoint/unpickler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/core/inference/checkpoint/checkpoint_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<PickleTree> UnpickleBody(absl::string_view body) {
  return Unpickle(WholePickle(body));
}

TEST(UnpicklerTest, ReadsNumbersTextsListsAndDictionaries) {
  const auto tree = UnpickleBody(PickleDictionary({
      {"int", "J\xfe\xff\xff\xff"},                        // -2
      {"float", std::string("G\x3f\xf8\0\0\0\0\0\0", 9)},  // 1.5
      {"yes", "\x88"},
      {"nothing", "N"},
      {"list", absl::StrCat("](", "K\x01", "K\x02", "e")},
  }));

  ASSERT_THAT(tree, IsOk());
  const PickleValue& root = *tree->root;
  EXPECT_EQ(*root.Find("int")->As<int64_t>(), -2);
  EXPECT_EQ(*root.Find("float")->As<double>(), 1.5);
  EXPECT_EQ(*root.Find("yes")->As<bool>(), true);
  EXPECT_NE(root.Find("nothing")->As<PickleNone>(), nullptr);
  EXPECT_EQ(root.Find("list")->As<PickleList>()->size(), 2);
  EXPECT_EQ(root.Find("absent"), nullptr);
}

TEST(UnpicklerTest, ReadsLongsOfEitherSignAndReadsOverThoseBeyond64Bits) {
  EXPECT_EQ(*UnpickleBody("\x8a\x01\xff")->root->As<int64_t>(), -1);
  EXPECT_EQ(*UnpickleBody(absl::string_view("\x8a\x02\xff\x00", 4))->root->As<int64_t>(), 255);
  EXPECT_EQ(*UnpickleBody(absl::string_view("\x8a\x00", 2))->root->As<int64_t>(), 0);
  EXPECT_NE(UnpickleBody("\x8a\x09"
                         "123456789")
                ->root->As<PickleOpaque>(),
            nullptr);
}

TEST(UnpicklerTest, StopsAtThePicklesEndAndSaysHowFarItRead) {
  const auto tree = Unpickle(WholePickle("K\x07") + "more bytes");
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree->bytes_read, 5);
}

TEST(UnpicklerTest, RemembersWhatTheMemoHolds) {
  const auto tree = UnpickleBody(absl::StrCat("(", PickleText("once"), "q\x05", "h\x05", "t"));
  ASSERT_THAT(tree, IsOk());
  const PickleList& pair = *tree->root->As<PickleList>();
  EXPECT_EQ(pair[0], pair[1]);
}

TEST(UnpicklerTest, DescribesATensorWithoutTouchingItsStorage) {
  const auto tree = UnpickleBody(PickleTensor({"HalfStorage", "17", 12, 2, {2, 3}, {6, 2}, false}));

  ASSERT_THAT(tree, IsOk());
  const auto* tensor = tree->root->As<TensorReference>();
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->storage.type, StorageType::kHalf);
  EXPECT_EQ(tensor->storage.key, "17");
  EXPECT_EQ(tensor->storage.elements, 12);
  EXPECT_EQ(tensor->offset, 2);
  EXPECT_THAT(tensor->sizes, ElementsAre(2, 3));
  EXPECT_THAT(tensor->strides, ElementsAre(6, 2));
}

TEST(UnpicklerTest, SeesThroughAParameterToItsTensor) {
  const auto tree = UnpickleBody(
      PickleCall("torch._utils", "_rebuild_parameter",
                 {PickleTensor({"FloatStorage", "0", 1, 0, {1}, {1}, false}), "\x88", "N"}));
  ASSERT_THAT(tree, IsOk());
  EXPECT_NE(tree->root->As<TensorReference>(), nullptr);
}

TEST(UnpicklerTest, ReadsOverNumpyScalars) {
  const std::string dtype =
      absl::StrCat(PickleCall("numpy", "dtype", {PickleText("f8"), "\x89", "\x88"}),
                   PickleTuple({"K\x03", PickleText("<")}), "b");
  const std::string bytes =
      PickleCall("_codecs", "encode", {PickleText("x"), PickleText("latin1")});
  EXPECT_THAT(UnpickleBody(PickleCall("numpy.core.multiarray", "scalar", {dtype, bytes})), IsOk());
}

// What a training script keeps beside its weights, such as a schedule's milestones.
TEST(UnpicklerTest, ReadsOverCountersSetsAndComplexNumbers) {
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"collections", "Counter"},
                                                        {"torch", "Size"},
                                                        {"__builtin__", "set"},
                                                        {"__builtin__", "frozenset"},
                                                        {"builtins", "complex"},
                                                        {"builtins", "bytearray"}}) {
    const auto tree = UnpickleBody(
        PickleDictionary({{"beside", PickleCall(module, name, {"}"})}, {"epoch", "K\x03"}}));
    ASSERT_THAT(tree, IsOk());
    EXPECT_EQ(*tree->root->Find("epoch")->As<int64_t>(), 3) << name;
  }
}

// EMPTY_SET ADDITEMS, FROZENSET, BINUNICODE8, BINBYTES8, BYTEARRAY8, LONG4.
TEST(UnpicklerTest, ReadsTheInstructionsOfProtocolsFourAndFive) {
  EXPECT_EQ(UnpickleBody("\x8f(K\x01K\x02\x90")->root->As<PickleList>()->size(), 2);
  EXPECT_EQ(UnpickleBody("(K\x01K\x02\x91")->root->As<PickleList>()->size(), 2);
  for (const char* opcode : {"\x8d", "\x8e", "\x96"}) {
    const auto tree = UnpickleBody(absl::StrCat(opcode, LittleEndian(3, 8), "abc"));
    ASSERT_THAT(tree, IsOk());
    EXPECT_EQ(*tree->root->As<std::string>(), "abc");
    EXPECT_THAT(UnpickleBody(absl::StrCat(opcode, LittleEndian(~uint64_t{0}, 8), "abc")),
                StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_EQ(
      *UnpickleBody(absl::StrCat("\x8b", LittleEndian(2, 4), "\x01\x02"))->root->As<int64_t>(),
      0x201);
}

TEST(UnpicklerTest, RefusesEveryOtherNameAndSaysWhich) {
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"posix", "system"},
                                                        {"builtins", "eval"},
                                                        {"torch", "load"},
                                                        {"torch.jit", "_pickle"},
                                                        {"collections", "defaultdict"},
                                                        {"torchvision.models.resnet", "ResNet"}}) {
    EXPECT_THAT(UnpickleBody(PickleCall(module, name, {PickleText("echo hello")})),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(module + "." + name)));
    // The other instruction that looks up a name.
    EXPECT_THAT(UnpickleBody(absl::StrCat(PickleText(module), PickleText(name), "\x93")),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(module + "." + name)));
  }
}

TEST(UnpicklerTest, RefusesInstructionsThatCheckpointsDoNotUse) {
  // INST, OBJ, NEWOBJ, EXT1, PERSID: other ways to make objects or names.
  for (const char* opcode : {"i", "o", "\x81", "\x82", "P"}) {
    EXPECT_THAT(UnpickleBody(absl::StrCat("N", "N", opcode, "os\nsystem\n")),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("instruction 0x")));
  }
}

TEST(UnpicklerTest, RefusesToCallAStorageTypeOrAValue) {
  EXPECT_THAT(UnpickleBody(PickleCall("torch", "FloatStorage", {PickleInt(1)})),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(UnpickleBody("K\x01)R"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(UnpicklerTest, ReportsAPickleThatEndsAnywhere) {
  const std::string whole =
      WholePickle(PickleDictionary({{"w", PickleTensor({"FloatStorage", "0", 6, 0, {6}, {1}})}}));
  ASSERT_THAT(Unpickle(whole), IsOk());
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(Unpickle(whole.substr(0, length)), StatusIs(absl::StatusCode::kDataLoss))
        << length << " bytes";
  }
}

// Whatever one byte is changed to, the reader ends with an answer.
TEST(UnpicklerTest, SurvivesEveryChangeOfOneByte) {
  const std::string whole =
      WholePickle(PickleDictionary({{"w", PickleTensor({"FloatStorage", "0", 6, 0, {6}, {1}})}}));
  int refused = 0;
  for (size_t position = 0; position < whole.size(); ++position) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[position] = static_cast<char>(value);
      refused += !Unpickle(changed).ok();
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(UnpicklerTest, TakesNoMemoryForLengthsThatTheFileDoesNotHave) {
  EXPECT_THAT(UnpickleBody("X\xff\xff\xff\xff"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(UnpickleBody("r\xff\xff\xff\xff"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(UnpicklerTest, RefusesMoreThanAMillionValues) {
  EXPECT_THAT(UnpickleBody(std::string(1'000'001, 'N')),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("million")));
}

TEST(UnpicklerTest, HoldsAListThatContainsItself) {
  const auto tree = UnpickleBody(
      "]q\x01h\x01"
      "a");
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree->root->As<PickleList>()->front(), tree->root);
}

TEST(UnpicklerTest, KeepsValuesBelowAMarkOutOfReach) {
  EXPECT_THAT(UnpickleBody("N(0"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(UnpickleBody("](K\x01"
                           "a"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(UnpicklerTest, RefusesStoragesAndTensorsThatMakeNoSense) {
  const std::string type = PickleGlobalName("torch", "FloatStorage");
  const std::string key = PickleText("0");
  const std::string cpu = PickleText("cpu");
  for (const std::string& id : {
           PickleTuple({PickleText("storage"), type, key, cpu, PickleInt(-1)}),
           PickleTuple({PickleText("module"), type, key, cpu, PickleInt(1)}),
           PickleTuple({PickleText("storage"), key, key, cpu, PickleInt(1)}),
           PickleTuple(
               {PickleText("storage"), type, PickleText(std::string(65, '0')), cpu, PickleInt(1)}),
           PickleTuple({PickleText("storage"), type}),
       }) {
    EXPECT_THAT(UnpickleBody(id + "Q"), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (const TensorText& tensor : {
           TensorText{"FloatStorage", "0", 6, -1, {2}, {1}},
           TensorText{"FloatStorage", "0", 6, 0, {-2}, {1}},
           TensorText{"FloatStorage", "0", 6, 0, {2}, {-1}},
           TensorText{"FloatStorage", "0", 6, 0, {2, 3}, {1}},
           TensorText{"FloatStorage", "0", 6, 0, std::vector<int64_t>(9, 1),
                      std::vector<int64_t>(9, 1)},
       }) {
    EXPECT_THAT(UnpickleBody(PickleTensor(tensor)), StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace camnode
