// A few attributes of one data set, picked out by the scanner, as raw bytes.

#ifndef CAMNODE_CORE_DICOM_FILE_ATTRIBUTE_TABLE_H_
#define CAMNODE_CORE_DICOM_FILE_ATTRIBUTE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/file_meta.h"

namespace camnode {

struct WantedAttribute {
  uint32_t tag = 0;
  uint32_t sequence = 0;  // The top-level sequence whose items hold it; 0: none.
};

// Collects the wanted attributes of the top level and of the items of top-level
// sequences.  A repeated attribute keeps its first value.
class AttributeTable final : public DataSetVisitor {
 public:
  // Values longer than this are cut, and marked so: no text that we use or copy
  // may be longer (PS3.5 lengths of 16 bits), and a LUT of 65,536 entries of 16
  // bits has 131,072 bytes.
  static constexpr size_t kMaxValueBytes = 131'072;
  // Items of one sequence beyond these are ignored.
  static constexpr int kMaxItems = 64;

  // Borrows `wanted` for as long as it lives.
  explicit AttributeTable(absl::Span<const WantedAttribute> wanted) : wanted_(wanted) {}

  void OnStart(const FileMeta& meta) override { meta_ = meta; }
  uint64_t WantedBytes(const ScannedElement& element) override;
  absl::Status OnValue(const ScannedElement& element, std::string value) override;
  bool IsSequence(const ScannedElement& element) override;

  const FileMeta& meta() const { return meta_; }
  // How many items of `sequence` held anything wanted.
  int Items(uint32_t sequence) const;

  // Below: of item `item` of `sequence`, or of the top level.
  bool Has(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // True if the value was longer than kMaxValueBytes.
  bool Cut(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // The value's bytes, "" if absent.
  const std::string& Bytes(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // "US", "SS" ...; empty if absent or implicit.
  const std::string& Vr(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // Without the spaces and NULs around it.
  std::string Text(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // Split at backslashes, each part trimmed; empty if absent.
  std::vector<std::string> Texts(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // The unsigned 16-bit values, in host order.
  std::vector<uint16_t> Words(uint32_t tag, uint32_t sequence = 0, int item = 0) const;
  // The first 16-bit value (US), or the whole number of a text (IS).
  absl::optional<int> Word(uint32_t tag) const;
  absl::optional<int> Integer(uint32_t tag) const;
  // The first finite decimal number of a text (DS).
  absl::optional<double> Decimal(uint32_t tag) const;

 private:
  struct Value {
    std::string vr;
    std::string bytes;
    bool cut = false;
  };
  const Value& Find(uint32_t tag, uint32_t sequence, int item) const;

  absl::Span<const WantedAttribute> wanted_;
  FileMeta meta_;
  std::map<std::tuple<uint32_t, int, uint32_t>, Value> values_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_ATTRIBUTE_TABLE_H_
