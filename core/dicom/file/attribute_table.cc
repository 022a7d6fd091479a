#include "core/dicom/file/attribute_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace camnode {
namespace {

std::string Trimmed(absl::string_view text) {
  const auto padding = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && padding(text.back())) text.remove_suffix(1);
  while (!text.empty() && padding(text.front())) text.remove_prefix(1);
  return std::string(text);
}

}  // namespace

uint64_t AttributeTable::WantedBytes(const ScannedElement& element) {
  if (element.depth > 1 || element.item >= kMaxItems || element.tag == kItemTag) return 0;
  const bool wanted = std::any_of(wanted_.begin(), wanted_.end(), [&](const WantedAttribute& w) {
    return w.tag == element.tag && w.sequence == element.sequence;
  });
  return wanted ? kMaxValueBytes : 0;
}

absl::Status AttributeTable::OnValue(const ScannedElement& element, std::string value) {
  if (WantedBytes(element) == 0) return absl::OkStatus();
  Value entry;
  entry.vr = element.vr;
  entry.cut = value.size() < element.length;
  entry.bytes = std::move(value);
  values_.emplace(std::make_tuple(element.sequence, element.item, element.tag), std::move(entry));
  return absl::OkStatus();
}

bool AttributeTable::IsSequence(const ScannedElement& element) {
  return element.depth == 0 && std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& w) {
           return w.sequence == element.tag;
         });
}

int AttributeTable::Items(uint32_t sequence) const {
  int items = 0;
  for (const auto& [key, value] : values_) {
    if (std::get<0>(key) == sequence) items = std::max(items, std::get<1>(key) + 1);
  }
  return items;
}

const AttributeTable::Value& AttributeTable::Find(uint32_t tag, uint32_t sequence, int item) const {
  static const Value& absent = *new Value;
  const auto found = values_.find(std::make_tuple(sequence, item, tag));
  return found == values_.end() ? absent : found->second;
}

bool AttributeTable::Has(uint32_t tag, uint32_t sequence, int item) const {
  return values_.count(std::make_tuple(sequence, item, tag)) > 0;
}

bool AttributeTable::Cut(uint32_t tag, uint32_t sequence, int item) const {
  return Find(tag, sequence, item).cut;
}

const std::string& AttributeTable::Bytes(uint32_t tag, uint32_t sequence, int item) const {
  return Find(tag, sequence, item).bytes;
}

const std::string& AttributeTable::Vr(uint32_t tag, uint32_t sequence, int item) const {
  return Find(tag, sequence, item).vr;
}

std::string AttributeTable::Text(uint32_t tag, uint32_t sequence, int item) const {
  return Trimmed(Find(tag, sequence, item).bytes);
}

std::vector<std::string> AttributeTable::Texts(uint32_t tag, uint32_t sequence, int item) const {
  std::vector<std::string> texts;
  const std::string all = Text(tag, sequence, item);
  if (all.empty()) return texts;
  for (const absl::string_view text : absl::StrSplit(all, '\\')) texts.push_back(Trimmed(text));
  return texts;
}

std::vector<uint16_t> AttributeTable::Words(uint32_t tag, uint32_t sequence, int item) const {
  const std::string& bytes = Find(tag, sequence, item).bytes;
  std::vector<uint16_t> words;
  words.reserve(bytes.size() / 2);
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const auto low = static_cast<unsigned char>(bytes[at + (meta_.big_endian ? 1 : 0)]);
    const auto high = static_cast<unsigned char>(bytes[at + (meta_.big_endian ? 0 : 1)]);
    words.push_back(static_cast<uint16_t>(low | high << 8));
  }
  return words;
}

absl::optional<int> AttributeTable::Word(uint32_t tag) const {
  const std::vector<uint16_t> words = Words(tag);
  if (words.empty()) return absl::nullopt;
  return words.front();
}

absl::optional<int> AttributeTable::Integer(uint32_t tag) const {
  const std::vector<std::string> texts = Texts(tag);
  int value = 0;
  if (texts.empty() || !absl::SimpleAtoi(texts.front(), &value)) return absl::nullopt;
  return value;
}

absl::optional<double> AttributeTable::Decimal(uint32_t tag) const {
  const std::vector<std::string> texts = Texts(tag);
  double value = 0.0;
  if (texts.empty() || !absl::SimpleAtod(texts.front(), &value)) return absl::nullopt;
  if (!std::isfinite(value)) return absl::nullopt;
  return value;
}

}  // namespace camnode
