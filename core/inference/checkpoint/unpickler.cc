#include "core/inference/checkpoint/unpickler.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/pickle_globals.h"

namespace camnode {
namespace {

constexpr size_t kMaxPickleBytes = size_t{16} << 20;
constexpr size_t kMaxValues = 1'000'000;

// By Python's pickletools.
// clang-format off
enum Opcode : uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2',
  kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8a, kLong4 = 0x8b,
  kBinFloat = 'G',
  kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89,
  kBinString = 'T', kShortBinString = 'U', kBinUnicode = 'X', kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes = 'B', kShortBinBytes = 'C', kBinBytes8 = 0x8e, kByteArray8 = 0x96,
  kEmptyList = ']', kAppend = 'a', kAppends = 'e',
  kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kEmptyDict = '}', kSetItem = 's', kSetItems = 'u',
  kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91,
  kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kBuild = 'b', kBinPersId = 'Q',
  kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94, kBinGet = 'h', kLongBinGet = 'j',
  kProto = 0x80, kFrame = 0x95,
};
// clang-format on

class PickleMachine {
 public:
  explicit PickleMachine(absl::string_view bytes) : bytes_(bytes.substr(0, kMaxPickleBytes)) {}

  absl::StatusOr<PickleTree> Run() {
    while (!stopped_) {
      absl::Status status = Step();
      if (status.code() == absl::StatusCode::kDataLoss) {
        return Annotate(status, absl::StrCat("damaged pickle at byte ", position_));
      }
      if (!status.ok()) return status;
    }
    tree_.bytes_read = position_;
    return std::move(tree_);
  }

 private:
  static absl::Status Damaged(absl::string_view what) { return absl::DataLossError(what); }

  absl::StatusOr<absl::string_view> Take(uint64_t count) {
    if (count > bytes_.size() - position_) return Damaged("it ends in the middle");
    const absl::string_view taken = bytes_.substr(position_, count);
    position_ += count;
    return taken;
  }
  absl::StatusOr<uint64_t> TakeUnsigned(size_t width) {
    CAMNODE_ASSIGN_OR_RETURN(const absl::string_view raw, Take(width));
    uint64_t number = 0;
    std::memcpy(&number, raw.data(), width);
    return absl::little_endian::ToHost64(number);
  }
  absl::StatusOr<absl::string_view> TakeLine() {
    const size_t end = bytes_.find('\n', position_);
    if (end == absl::string_view::npos) return Damaged("a line without end");
    CAMNODE_ASSIGN_OR_RETURN(const absl::string_view line, Take(end - position_ + 1));
    return line.substr(0, line.size() - 1);
  }

  absl::Status Push(PickleValue::Data data) {
    if (tree_.values.size() >= kMaxValues) return Damaged("more than a million values");
    tree_.values.push_back(std::make_unique<PickleValue>(std::move(data)));
    stack_.push_back(tree_.values.back().get());
    return absl::OkStatus();
  }
  absl::StatusOr<PickleValue*> Pop() {
    if (stack_.size() <= Floor()) return Damaged("the stack is empty");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  // The value on top, not removed, if it is a T.
  template <typename T>
  absl::StatusOr<T*> Top() {
    if (stack_.size() <= Floor()) return Damaged("the stack is empty");
    T* data = stack_.back()->As<T>();
    if (data == nullptr) return Damaged("an item is added to something that holds none");
    return data;
  }
  // Values below the last mark are out of reach.
  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }

  // All values above the last mark, which goes too.
  absl::StatusOr<PickleList> PopToMark() {
    if (marks_.empty()) return Damaged("no mark on the stack");
    PickleList items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }

  absl::Status Step();
  absl::Status StepNumber(uint8_t opcode, bool& known);
  absl::Status StepText(uint8_t opcode, bool& known);
  absl::Status StepContainer(uint8_t opcode, bool& known);
  absl::Status StepMemo(uint8_t opcode, bool& known);
  absl::Status StepObject(uint8_t opcode, bool& known);
  absl::Status StepControl(uint8_t opcode, bool& known);

  absl::Status PushLong(absl::string_view digits);
  absl::Status PushTuple(size_t count);
  absl::Status PushGlobal(absl::string_view module, absl::string_view name);
  absl::Status AddItems(const PickleList& items);
  absl::Status PutMemo(uint64_t index);
  absl::Status GetMemo(uint64_t index);
  absl::Status Reduce();
  absl::Status Build();
  absl::Status PersistentId();

  absl::string_view bytes_;
  size_t position_ = 0;
  bool stopped_ = false;
  PickleTree tree_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // Heights of the stack.
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

absl::Status PickleMachine::Step() {
  CAMNODE_ASSIGN_OR_RETURN(const uint64_t raw, TakeUnsigned(1));
  const auto opcode = static_cast<uint8_t>(raw);
  using Handler = absl::Status (PickleMachine::*)(uint8_t, bool&);
  constexpr Handler kHandlers[] = {&PickleMachine::StepMemo,   &PickleMachine::StepNumber,
                                   &PickleMachine::StepText,   &PickleMachine::StepContainer,
                                   &PickleMachine::StepObject, &PickleMachine::StepControl};
  for (const Handler handler : kHandlers) {
    bool known = true;
    absl::Status status = (this->*handler)(opcode, known);
    if (known) return status;
  }
  return Damaged(absl::StrCat("instruction 0x", absl::Hex(opcode, absl::kZeroPad2),
                              " is not one that checkpoints use"));
}

absl::Status PickleMachine::StepNumber(uint8_t opcode, bool& known) {
  switch (opcode) {
    case kNone:
      return Push(PickleNone{});
    case kNewTrue:
      return Push(true);
    case kNewFalse:
      return Push(false);
    case kBinInt: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t number, TakeUnsigned(4));
      return Push(int64_t{static_cast<int32_t>(static_cast<uint32_t>(number))});
    }
    case kBinInt1:
    case kBinInt2: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t number, TakeUnsigned(opcode == kBinInt1 ? 1 : 2));
      return Push(static_cast<int64_t>(number));
    }
    case kLong1:
    case kLong4: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t length, TakeUnsigned(opcode == kLong1 ? 1 : 4));
      CAMNODE_ASSIGN_OR_RETURN(const absl::string_view digits, Take(length));
      return PushLong(digits);
    }
    case kBinFloat: {
      CAMNODE_ASSIGN_OR_RETURN(const absl::string_view raw, Take(8));
      const uint64_t bits = absl::big_endian::Load64(raw.data());
      double number = 0.0;
      std::memcpy(&number, &bits, sizeof(number));
      return Push(number);
    }
    default:
      known = false;
      return absl::OkStatus();
  }
}

absl::Status PickleMachine::StepText(uint8_t opcode, bool& known) {
  size_t width = 0;
  switch (opcode) {
    case kShortBinString:
    case kShortBinUnicode:
    case kShortBinBytes:
      width = 1;
      break;
    case kBinString:
    case kBinUnicode:
    case kBinBytes:
      width = 4;
      break;
    case kBinUnicode8:
    case kBinBytes8:
    case kByteArray8:
      width = 8;
      break;
    default:
      known = false;
      return absl::OkStatus();
  }
  CAMNODE_ASSIGN_OR_RETURN(const uint64_t length, TakeUnsigned(width));
  CAMNODE_ASSIGN_OR_RETURN(const absl::string_view text, Take(length));
  return Push(std::string(text));
}

absl::Status PickleMachine::StepContainer(uint8_t opcode, bool& known) {
  switch (opcode) {
    case kEmptyList:
    case kEmptyTuple:
    case kEmptySet:
      return Push(PickleList{});
    case kEmptyDict:
      return Push(PickleDict{});
    case kTuple1:
      return PushTuple(1);
    case kTuple2:
      return PushTuple(2);
    case kTuple3:
      return PushTuple(3);
    case kTuple:
    case kFrozenSet: {
      CAMNODE_ASSIGN_OR_RETURN(PickleList items, PopToMark());
      return Push(std::move(items));
    }
    case kAppend: {
      CAMNODE_ASSIGN_OR_RETURN(const PickleValue* item, Pop());
      CAMNODE_ASSIGN_OR_RETURN(PickleList * list, Top<PickleList>());
      list->push_back(item);
      return absl::OkStatus();
    }
    case kAppends:
    case kAddItems: {
      CAMNODE_ASSIGN_OR_RETURN(const PickleList items, PopToMark());
      CAMNODE_ASSIGN_OR_RETURN(PickleList * list, Top<PickleList>());
      list->insert(list->end(), items.begin(), items.end());
      return absl::OkStatus();
    }
    case kSetItem: {
      CAMNODE_ASSIGN_OR_RETURN(const PickleValue* value, Pop());
      CAMNODE_ASSIGN_OR_RETURN(const PickleValue* key, Pop());
      return AddItems({key, value});
    }
    case kSetItems: {
      CAMNODE_ASSIGN_OR_RETURN(const PickleList items, PopToMark());
      return AddItems(items);
    }
    default:
      known = false;
      return absl::OkStatus();
  }
}

absl::Status PickleMachine::StepMemo(uint8_t opcode, bool& known) {
  switch (opcode) {
    case kBinPut:
    case kLongBinPut: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t index, TakeUnsigned(opcode == kBinPut ? 1 : 4));
      return PutMemo(index);
    }
    case kMemoize:
      return PutMemo(memo_.size());
    case kBinGet:
    case kLongBinGet: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t index, TakeUnsigned(opcode == kBinGet ? 1 : 4));
      return GetMemo(index);
    }
    default:
      known = false;
      return absl::OkStatus();
  }
}

absl::Status PickleMachine::StepObject(uint8_t opcode, bool& known) {
  switch (opcode) {
    case kGlobal: {
      CAMNODE_ASSIGN_OR_RETURN(const absl::string_view module, TakeLine());
      CAMNODE_ASSIGN_OR_RETURN(const absl::string_view name, TakeLine());
      return PushGlobal(module, name);
    }
    case kStackGlobal: {
      CAMNODE_ASSIGN_OR_RETURN(const PickleValue* name, Pop());
      CAMNODE_ASSIGN_OR_RETURN(const PickleValue* module, Pop());
      if (name->As<std::string>() == nullptr || module->As<std::string>() == nullptr) {
        return Damaged("a name that is no text");
      }
      return PushGlobal(*module->As<std::string>(), *name->As<std::string>());
    }
    case kReduce:
      return Reduce();
    case kBuild:
      return Build();
    case kBinPersId:
      return PersistentId();
    default:
      known = false;
      return absl::OkStatus();
  }
}

absl::Status PickleMachine::StepControl(uint8_t opcode, bool& known) {
  switch (opcode) {
    case kProto: {
      CAMNODE_ASSIGN_OR_RETURN(const uint64_t version, TakeUnsigned(1));
      return version <= 5 ? absl::OkStatus() : Damaged("an unknown pickle protocol");
    }
    case kFrame:
      return Take(8).status();
    case kMark:
      marks_.push_back(stack_.size());
      return absl::OkStatus();
    case kPop:
      return Pop().status();
    case kPopMark:
      return PopToMark().status();
    case kDup: {
      CAMNODE_ASSIGN_OR_RETURN(PickleValue* const value, Pop());
      stack_.insert(stack_.end(), 2, value);
      return absl::OkStatus();
    }
    case kStop: {
      CAMNODE_ASSIGN_OR_RETURN(tree_.root, Pop());
      stopped_ = true;
      return absl::OkStatus();
    }
    default:
      known = false;
      return absl::OkStatus();
  }
}

// Little endian, two's complement, any length.
absl::Status PickleMachine::PushLong(absl::string_view digits) {
  if (digits.size() > 8) return Push(PickleOpaque{});
  const bool negative = !digits.empty() && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
  uint64_t number = negative ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    number &= ~(uint64_t{0xff} << (8 * i));
    number |= uint64_t{static_cast<uint8_t>(digits[i])} << (8 * i);
  }
  return Push(static_cast<int64_t>(number));
}

absl::Status PickleMachine::PushTuple(size_t count) {
  PickleList items(count);
  for (size_t i = count; i-- > 0;) {
    CAMNODE_ASSIGN_OR_RETURN(items[i], Pop());
  }
  return Push(std::move(items));
}

absl::Status PickleMachine::AddItems(const PickleList& items) {
  if (items.size() % 2 != 0) return Damaged("a key without value");
  CAMNODE_ASSIGN_OR_RETURN(PickleDict * dict, Top<PickleDict>());
  for (size_t i = 0; i < items.size(); i += 2) dict->emplace_back(items[i], items[i + 1]);
  return absl::OkStatus();
}

absl::Status PickleMachine::PutMemo(uint64_t index) {
  if (stack_.size() <= Floor()) return Damaged("the stack is empty");
  memo_[index] = stack_.back();
  return absl::OkStatus();
}

absl::Status PickleMachine::GetMemo(uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) return Damaged("it refers to what it never stored");
  stack_.push_back(found->second);
  return absl::OkStatus();
}

absl::Status PickleMachine::PushGlobal(absl::string_view module, absl::string_view name) {
  CAMNODE_ASSIGN_OR_RETURN(const PickleGlobal* global, FindPickleGlobal(module, name));
  return Push(global);
}

absl::Status PickleMachine::Reduce() {
  CAMNODE_ASSIGN_OR_RETURN(const PickleValue* arguments, Pop());
  CAMNODE_ASSIGN_OR_RETURN(const PickleValue* callee, Pop());
  const auto* list = arguments->As<PickleList>();
  const auto* global = callee->As<const PickleGlobal*>();
  if (global == nullptr || (*global)->call == nullptr || list == nullptr) {
    return Damaged("something is called that cannot be");
  }
  CAMNODE_ASSIGN_OR_RETURN(PickleValue::Data result, (*global)->call(*list));
  return Push(std::move(result));
}

// Attributes of an object (an OrderedDict's _metadata, a dtype's state): dropped.
absl::Status PickleMachine::Build() {
  CAMNODE_RETURN_IF_ERROR(Pop().status());
  return stack_.size() > Floor() ? absl::OkStatus() : Damaged("attributes of nothing");
}

absl::Status PickleMachine::PersistentId() {
  CAMNODE_ASSIGN_OR_RETURN(const PickleValue* id, Pop());
  const auto* parts = id->As<PickleList>();
  if (parts == nullptr) return Damaged("a storage without description");
  CAMNODE_ASSIGN_OR_RETURN(StorageReference storage, ParseStorageReference(*parts));
  return Push(std::move(storage));
}

}  // namespace

absl::StatusOr<PickleTree> Unpickle(absl::string_view bytes) { return PickleMachine(bytes).Run(); }

}  // namespace camnode
