#include "core/inference/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 16 << 20;
constexpr int64_t kMaxFileBytes = int64_t{8} << 30;
constexpr size_t kMaxTensors = 100'000;
constexpr size_t kMaxDimensions = 8;
constexpr char kMetadata[] = "__metadata__";

struct TypeName {
  const char* name;
  torch::ScalarType type;
};
constexpr TypeName kTypes[] = {
    {"F32", torch::kFloat32},
    {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},
};

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged safetensors file: ", what));
}

// Where one tensor lies in the data section.
struct Entry {
  std::string name;
  torch::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin;
  uint64_t end;
};

// Strict JSON of the format's depth; nlohmann alone lets a repeated key win.
absl::StatusOr<Json> ParseHeader(absl::string_view text) {
  constexpr int kDeepest = 4;
  std::array<std::set<std::string>, kDeepest + 2> keys;  // Of the open object of each depth.
  bool repeated = false;
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kDeepest) deep = true;
    if (deep) return false;
    const auto level = static_cast<size_t>(depth);
    if (event == Json::parse_event_t::object_start) keys[level + 1].clear();
    if (event == Json::parse_event_t::key) {
      repeated |= !keys[level].insert(value.get<std::string>()).second;
    }
    return true;
  };
  Json header = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (deep || header.is_discarded() || !header.is_object()) {
    return Damaged("the header is not a JSON object of tensors");
  }
  if (repeated) return Damaged("something is named twice");
  if (header.size() > kMaxTensors) return Damaged("more than 100,000 tensors");
  return header;
}

absl::StatusOr<torch::ScalarType> ParseType(const Json& description, const std::string& name) {
  const auto dtype = description.find("dtype");
  if (dtype != description.end() && dtype->is_string()) {
    for (const TypeName& known : kTypes) {
      if (*dtype == known.name) return known.type;
    }
  }
  return Damaged(absl::StrCat("tensor ", name, " is not of type F32, F16, BF16 or I64"));
}

// Whole numbers from 0, as many as `most`.
absl::StatusOr<std::vector<int64_t>> ParseNumbers(const Json& description, const char* key,
                                                  size_t most, const std::string& name) {
  const auto list = description.find(key);
  if (list == description.end() || !list->is_array() || list->size() > most) {
    return Damaged(absl::StrCat("tensor ", name, " has no usable ", key));
  }
  std::vector<int64_t> numbers;
  for (const Json& item : *list) {
    if (!item.is_number_unsigned() ||
        item.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Damaged(absl::StrCat("tensor ", name, " has no usable ", key));
    }
    numbers.push_back(item.get<int64_t>());
  }
  return numbers;
}

absl::StatusOr<Entry> ParseEntry(const std::string& name, const Json& description,
                                 uint64_t data_bytes) {
  if (!description.is_object()) return Damaged(absl::StrCat("tensor ", name, " is no object"));
  Entry entry;
  entry.name = name;
  CAMNODE_ASSIGN_OR_RETURN(entry.type, ParseType(description, name));
  CAMNODE_ASSIGN_OR_RETURN(entry.shape, ParseNumbers(description, "shape", kMaxDimensions, name));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets,
                           ParseNumbers(description, "data_offsets", 2, name));
  if (offsets.size() != 2 || offsets[0] > offsets[1] ||
      static_cast<uint64_t>(offsets[1]) > data_bytes) {
    return Damaged(absl::StrCat("tensor ", name, " lies outside the data"));
  }
  entry.begin = static_cast<uint64_t>(offsets[0]);
  entry.end = static_cast<uint64_t>(offsets[1]);

  // LibTorch multiplies the sides of an empty tensor too.
  int64_t bytes_unless_empty = static_cast<int64_t>(c10::elementSize(entry.type));
  bool empty = false;
  for (const int64_t side : entry.shape) {
    empty |= side == 0;
    if (__builtin_mul_overflow(bytes_unless_empty, std::max<int64_t>(side, 1),
                               &bytes_unless_empty)) {
      return Damaged(absl::StrCat("tensor ", name, " is too large"));
    }
  }
  const uint64_t bytes = empty ? 0 : static_cast<uint64_t>(bytes_unless_empty);
  if (bytes != entry.end - entry.begin) {
    return Damaged(absl::StrCat("tensor ", name, " has ", entry.end - entry.begin,
                                " bytes where its shape needs ", bytes));
  }
  return entry;
}

absl::StatusOr<std::vector<Entry>> ParseEntries(const Json& header, uint64_t data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, description] : header.items()) {
    if (name == kMetadata) continue;
    // Names end up in errors, and those on terminals.
    CAMNODE_ASSIGN_OR_RETURN(Entry entry,
                             ParseEntry(absl::Utf8SafeCHexEscape(name), description, data_bytes));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered) {
      return Damaged(absl::StrCat("a hole or an overlap before tensor ", entry.name));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) return Damaged("bytes after the last tensor");
  return entries;
}

const char* NameOf(torch::ScalarType type) {
  for (const TypeName& known : kTypes) {
    if (known.type == type) return known.name;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<NamedTensors> ParseSafetensors(absl::string_view bytes) {
  if (bytes.size() < sizeof(uint64_t)) return Damaged("shorter than its length field");
  const uint64_t header_bytes = absl::little_endian::Load64(bytes.data());
  bytes.remove_prefix(sizeof(uint64_t));
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size()) {
    return Damaged("the header's length is larger than the file or 16 MiB");
  }
  const absl::string_view data = bytes.substr(header_bytes);
  CAMNODE_ASSIGN_OR_RETURN(const Json header, ParseHeader(bytes.substr(0, header_bytes)));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ParseEntries(header, data.size()));

  NamedTensors tensors;
  for (const Entry& entry : entries) {
    torch::Tensor tensor = torch::empty(entry.shape, entry.type);
    if (entry.end > entry.begin) {
      std::memcpy(tensor.data_ptr(), data.data() + entry.begin, entry.end - entry.begin);
    }
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

bool LooksLikeSafetensors(absl::string_view bytes) {
  return bytes.size() > sizeof(uint64_t) && bytes[sizeof(uint64_t)] == '{' &&
         absl::little_endian::Load64(bytes.data()) <= kMaxHeaderBytes;
}

absl::StatusOr<NamedTensors> ReadSafetensors(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string bytes,
                           ReadFile(path, kMaxFileBytes, absl::StatusCode::kDataLoss));
  absl::StatusOr<NamedTensors> tensors = ParseSafetensors(bytes);
  if (!tensors.ok()) return Annotate(tensors.status(), path);
  return tensors;
}

absl::StatusOr<std::string> FormatSafetensors(const NamedTensors& tensors) {
  std::vector<std::pair<std::string, torch::Tensor>> ordered;
  for (const auto& [name, tensor] : tensors) {
    if (NameOf(tensor.scalar_type()) == nullptr || name == kMetadata) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", name, " cannot be written: type or name not supported"));
    }
    ordered.emplace_back(name, tensor.detach().cpu().contiguous());
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });

  Json header;
  header[kMetadata] = {{"format", "pt"}};
  uint64_t end = 0;
  for (const auto& [name, tensor] : ordered) {
    const uint64_t begin = end;
    end += tensor.nbytes();
    header[name] = {{"dtype", NameOf(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');

  std::string bytes(sizeof(uint64_t), '\0');
  bytes.reserve(sizeof(uint64_t) + text.size() + end);
  absl::little_endian::Store64(bytes.data(), text.size());
  bytes.append(text);
  for (const auto& [name, tensor] : ordered) {
    bytes.append(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  return bytes;
}

}  // namespace camnode
