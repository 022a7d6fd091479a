#include "core/inference/checkpoint/checkpoint_storages.h"

#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/unpickler.h"

namespace camnode {
namespace {

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged checkpoint: ", what));
}

absl::StatusOr<uint64_t> StorageBytes(const StorageReference& storage) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(storage.elements),
                             uint64_t{StorageElementBytes(storage.type)}, &bytes)) {
    return Damaged("a storage is too large");
  }
  return bytes;
}

// ---- The zip archive: data.pkl, and data/KEY for each storage ----------------

class BytesAdapter final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit BytesAdapter(absl::string_view bytes) : bytes_(bytes) {}

  size_t size() const override { return bytes_.size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    if (position >= bytes_.size()) return 0;
    const size_t available = std::min<size_t>(count, bytes_.size() - position);
    std::memcpy(buffer, bytes_.data() + position, available);
    return available;
  }

 private:
  absl::string_view bytes_;
};

// LibTorch's reader takes the archive's version and serial number into memory as soon
// as it is made, whatever they unpack to.  So every entry that may be one of these is
// looked at first, wherever in the file the reader may find its directory.
absl::Status CheckEagerRecords(absl::string_view bytes) {
  constexpr absl::string_view kDirectoryEntry("PK\x01\x02", 4);
  constexpr size_t kEntryBytes = 46;
  constexpr size_t kMostBytes = 1024;
  for (size_t at = bytes.find(kDirectoryEntry); at != absl::string_view::npos;
       at = bytes.find(kDirectoryEntry, at + 1)) {
    const absl::string_view entry = bytes.substr(at);
    if (entry.size() < kEntryBytes) break;
    const uint32_t unpacked_bytes = absl::little_endian::Load32(entry.data() + 24);
    const uint16_t name_bytes = absl::little_endian::Load16(entry.data() + 28);
    const absl::string_view name = entry.substr(kEntryBytes, name_bytes);
    if (unpacked_bytes > kMostBytes && (absl::EndsWithIgnoreCase(name, "version") ||
                                        absl::EndsWithIgnoreCase(name, "serialization_id"))) {
      return Damaged(absl::StrCat("the archive's version or serial number would take ",
                                  unpacked_bytes, " bytes"));
    }
  }
  return absl::OkStatus();
}

class ZipArchive final : public CheckpointStorages {
 public:
  explicit ZipArchive(absl::string_view bytes)
      : reader_(std::make_shared<BytesAdapter>(bytes)), budget_bytes_(bytes.size()) {}

  bool Has(const std::string& name) { return reader_.hasRecord(name); }

  // PyTorch stores records uncompressed, so together they are smaller than the
  // file; whatever claims more (a zip bomb, entries that overlap) is refused
  // before memory is taken.
  absl::StatusOr<absl::string_view> Read(const std::string& name) {
    if (!Has(name)) return Damaged(absl::StrCat("no record ", name));
    const uint64_t size = reader_.getRecordSize(name);
    if (size > budget_bytes_) return Damaged("records larger than the file");
    budget_bytes_ -= size;
    std::tie(record_, record_bytes_) = reader_.getRecord(name);
    return absl::string_view(static_cast<const char*>(record_.get()), record_bytes_);
  }

  absl::StatusOr<absl::string_view> Open(const StorageReference& storage) override {
    CAMNODE_ASSIGN_OR_RETURN(const uint64_t wanted, StorageBytes(storage));
    if (storage.key.find_first_not_of("0123456789") != std::string::npos) {
      return Damaged("a storage's name is no number");
    }
    CAMNODE_ASSIGN_OR_RETURN(const absl::string_view bytes,
                             Read(absl::StrCat("data/", storage.key)));
    if (bytes.size() != wanted) {
      return Damaged(absl::StrCat("storage ", storage.key, " has ", bytes.size(),
                                  " bytes instead of ", wanted));
    }
    return bytes;
  }

 private:
  caffe2::serialize::PyTorchStreamReader reader_;
  uint64_t budget_bytes_;
  at::DataPtr record_;
  size_t record_bytes_ = 0;
};

absl::StatusOr<OpenedCheckpoint> OpenZip(absl::string_view bytes) {
  CAMNODE_RETURN_IF_ERROR(CheckEagerRecords(bytes));
  auto archive = std::make_unique<ZipArchive>(bytes);
  if (archive->Has("constants.pkl")) {
    return absl::FailedPreconditionError(
        "this is a TorchScript program, not a checkpoint: save the model's state_dict");
  }
  if (archive->Has("byteorder")) {
    CAMNODE_ASSIGN_OR_RETURN(const absl::string_view order, archive->Read("byteorder"));
    if (order != "little") {
      return absl::FailedPreconditionError("the checkpoint was made on a big-endian machine");
    }
  }
  CAMNODE_ASSIGN_OR_RETURN(const absl::string_view pickle, archive->Read("data.pkl"));
  OpenedCheckpoint checkpoint;
  CAMNODE_ASSIGN_OR_RETURN(checkpoint.pickle, Unpickle(pickle));
  checkpoint.storages = std::move(archive);
  return checkpoint;
}

// ---- The legacy file: five pickles, then length and bytes of each storage ------

// 0x1950a86a20f9469cfc6c, and the end of its pickle.
constexpr absl::string_view kLegacyMagic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e",
                                         13);
constexpr int64_t kLegacyProtocol = 1001;

// Takes the first pickle away, if it is the magic number in any protocol torch.save
// may be told to use.
bool ConsumeLegacyMagic(absl::string_view& bytes) {
  absl::string_view rest = bytes;
  if (!absl::ConsumePrefix(&rest, "\x80") || rest.empty()) return false;
  const char protocol = rest.front();
  rest.remove_prefix(1);
  constexpr size_t kFrameBytes = 9;
  if (protocol >= 4 && absl::StartsWith(rest, "\x95")) {
    rest = absl::ClippedSubstr(rest, kFrameBytes);
  }
  if (protocol < 2 || protocol > 5 || !absl::ConsumePrefix(&rest, kLegacyMagic)) return false;
  bytes = rest;
  return true;
}

class LegacyStorages final : public CheckpointStorages {
 public:
  // `rest` starts with the list of keys.
  absl::Status Index(absl::string_view rest, const PickleTree& pickle) {
    std::map<std::string, StorageReference> described;
    for (const auto& value : pickle.values) {
      if (const auto* storage = value->As<StorageReference>()) described[storage->key] = *storage;
    }
    CAMNODE_ASSIGN_OR_RETURN(const PickleTree keys, Unpickle(rest));
    rest.remove_prefix(keys.bytes_read);
    const auto* list = keys.root->As<PickleList>();
    if (list == nullptr) return Damaged("no list of storages");
    for (const PickleValue* item : *list) {
      const auto* key = item->As<std::string>();
      const auto found = key == nullptr ? described.end() : described.find(*key);
      if (found == described.end()) return Damaged("a storage that no tensor uses");
      CAMNODE_ASSIGN_OR_RETURN(bytes_[*key], TakeStorage(found->second, rest));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<absl::string_view> Open(const StorageReference& storage) override {
    const auto found = bytes_.find(storage.key);
    CAMNODE_ASSIGN_OR_RETURN(const uint64_t wanted, StorageBytes(storage));
    if (found == bytes_.end() || found->second.size() != wanted) {
      return Damaged("a storage is not in the file, or of another size");
    }
    return found->second;
  }

 private:
  static absl::StatusOr<absl::string_view> TakeStorage(const StorageReference& storage,
                                                       absl::string_view& rest) {
    CAMNODE_ASSIGN_OR_RETURN(const uint64_t wanted, StorageBytes(storage));
    if (rest.size() < sizeof(uint64_t)) return Damaged("it ends before its storages do");
    if (absl::little_endian::Load64(rest.data()) != static_cast<uint64_t>(storage.elements)) {
      return Damaged("a storage has another length than its tensors say");
    }
    rest.remove_prefix(sizeof(uint64_t));
    if (wanted > rest.size()) return Damaged("it ends before its storages do");
    const absl::string_view bytes = rest.substr(0, wanted);
    rest.remove_prefix(wanted);
    return bytes;
  }

  std::map<std::string, absl::string_view> bytes_;
};

// `rest` starts after the magic number.
absl::StatusOr<OpenedCheckpoint> OpenLegacy(absl::string_view rest) {
  CAMNODE_ASSIGN_OR_RETURN(const PickleTree protocol, Unpickle(rest));
  const auto* number = protocol.root->As<int64_t>();
  if (number == nullptr || *number != kLegacyProtocol) {
    return Damaged("an unknown version of the legacy format");
  }
  rest.remove_prefix(protocol.bytes_read);
  CAMNODE_ASSIGN_OR_RETURN(const PickleTree system, Unpickle(rest));
  const PickleValue* little_endian = system.root->Find("little_endian");
  if (little_endian == nullptr || little_endian->As<bool>() == nullptr ||
      !*little_endian->As<bool>()) {
    return absl::FailedPreconditionError("the checkpoint was made on a big-endian machine");
  }
  rest.remove_prefix(system.bytes_read);
  OpenedCheckpoint checkpoint;
  CAMNODE_ASSIGN_OR_RETURN(checkpoint.pickle, Unpickle(rest));
  rest.remove_prefix(checkpoint.pickle.bytes_read);
  auto storages = std::make_unique<LegacyStorages>();
  CAMNODE_RETURN_IF_ERROR(storages->Index(rest, checkpoint.pickle));
  checkpoint.storages = std::move(storages);
  return checkpoint;
}

}  // namespace

absl::StatusOr<OpenedCheckpoint> OpenCheckpoint(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "PK\x03\x04")) return OpenZip(bytes);
  if (ConsumeLegacyMagic(bytes)) return OpenLegacy(bytes);
  return absl::DataLossError(
      "not a checkpoint: neither PyTorch's zip archive, nor its legacy format, nor safetensors");
}

}  // namespace camnode
