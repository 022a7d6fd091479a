// Makes checkpoints byte by byte, honest ones and others.

#ifndef CAMNODE_TESTS_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_BUILDER_H_
#define CAMNODE_TESTS_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_BUILDER_H_

#include <zconf.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace camnode {

inline std::string LittleEndian(uint64_t number, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes;
}

// Instructions of pickle protocol 2.
inline std::string PickleText(absl::string_view text) {
  return absl::StrCat("X", LittleEndian(text.size(), 4), text);
}
inline std::string PickleInt(int64_t number) {
  return absl::StrCat("\x8a\x08", LittleEndian(static_cast<uint64_t>(number), 8));
}
inline std::string PickleTuple(const std::vector<std::string>& items) {
  std::string pickle = "(";
  for (const std::string& item : items) pickle += item;
  return pickle + "t";
}
inline std::string PickleIntTuple(const std::vector<int64_t>& numbers) {
  std::vector<std::string> items;
  for (const int64_t number : numbers) items.push_back(PickleInt(number));
  return PickleTuple(items);
}
inline std::string PickleDictionary(
    const std::vector<std::pair<std::string, std::string>>& named_values) {
  std::string pickle = "}(";
  for (const auto& [name, value] : named_values) {
    absl::StrAppend(&pickle, PickleText(name), value);
  }
  return pickle + "u";
}
inline std::string PickleGlobalName(absl::string_view module, absl::string_view name) {
  return absl::StrCat("c", module, "\n", name, "\n");
}
inline std::string PickleCall(absl::string_view module, absl::string_view name,
                              const std::vector<std::string>& arguments) {
  return absl::StrCat(PickleGlobalName(module, name), PickleTuple(arguments), "R");
}
inline std::string WholePickle(absl::string_view body) {
  return absl::StrCat("\x80\x02", body, ".");
}

struct TensorText {
  std::string storage = "FloatStorage";
  std::string key = "0";
  int64_t elements = 0;
  int64_t offset = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  bool legacy = false;  // The persistent id has a sixth part.
};

inline std::string PickleTensor(const TensorText& t) {
  std::vector<std::string> id = {PickleText("storage"), PickleGlobalName("torch", t.storage),
                                 PickleText(t.key), PickleText("cpu"), PickleInt(t.elements)};
  if (t.legacy) id.push_back("N");
  return PickleCall(
      "torch._utils", "_rebuild_tensor_v2",
      {PickleTuple(id) + "Q", PickleInt(t.offset), PickleIntTuple(t.sizes),
       PickleIntTuple(t.strides), "\x89", PickleCall("collections", "OrderedDict", {})});
}

inline std::string FloatBytes(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

// What a zip archive keeps of `bytes` when it compresses them.
inline std::string Deflated(const std::string& bytes) {
  std::string packed(compressBound(static_cast<uLong>(bytes.size())), '\0');
  uLongf size = static_cast<uLongf>(packed.size());
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()), 9);
  return packed.substr(2, size - 6);  // Without zlib's header and checksum.
}

// A zip archive below "archive/", as torch.save writes: no record is compressed, but
// `deflated` if it is named.
inline std::string ZipCheckpoint(const std::vector<std::pair<std::string, std::string>>& records,
                                 absl::string_view deflated = "") {
  std::string file;
  std::string directory;
  for (const auto& [short_name, bytes] : records) {
    const std::string name = "archive/" + short_name;
    const bool compressed = short_name == deflated;
    const std::string stored = compressed ? Deflated(bytes) : bytes;
    const uint64_t crc =
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    const std::string common = absl::StrCat(
        LittleEndian(0, 2), LittleEndian(compressed ? 8 : 0, 2), LittleEndian(0, 2),
        LittleEndian(0, 2), LittleEndian(crc, 4), LittleEndian(stored.size(), 4),
        LittleEndian(bytes.size(), 4), LittleEndian(name.size(), 2), LittleEndian(0, 2));
    absl::StrAppend(&directory, "PK\x01\x02", LittleEndian(20, 2), LittleEndian(20, 2), common,
                    LittleEndian(0, 2), LittleEndian(0, 2), LittleEndian(0, 2), LittleEndian(0, 4),
                    LittleEndian(file.size(), 4), name);
    absl::StrAppend(&file, "PK\x03\x04", LittleEndian(20, 2), common, name, stored);
  }
  const size_t start = file.size();
  absl::StrAppend(&file, directory, "PK\x05\x06", LittleEndian(0, 2), LittleEndian(0, 2),
                  LittleEndian(records.size(), 2), LittleEndian(records.size(), 2),
                  LittleEndian(directory.size(), 4), LittleEndian(start, 4), LittleEndian(0, 2));
  return file;
}

// The format before PyTorch 1.6, with one storage "0".
inline std::string LegacyCheckpoint(absl::string_view object, int64_t elements,
                                    absl::string_view storage) {
  return absl::StrCat(WholePickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"),
                      WholePickle("M\xe9\x03"),
                      WholePickle(PickleDictionary({{"little_endian", "\x88"}})),
                      WholePickle(object), WholePickle(absl::StrCat("](", PickleText("0"), "e")),
                      LittleEndian(static_cast<uint64_t>(elements), 8), storage);
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_BUILDER_H_
