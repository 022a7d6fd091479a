#include "core/dicom/file/dataset_scanner.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/byte_source.h"

namespace camnode {
namespace {

constexpr uint32_t kItemDelimiterTag = 0xFFFEE00D;
constexpr uint32_t kSequenceDelimiterTag = 0xFFFEE0DD;
constexpr uint64_t kNoEnd = ~uint64_t{0};
// A value is read in pieces of this size, so that a declared length alone never
// allocates more.
constexpr size_t kPieceBytes = 1 << 20;

enum class FrameKind { kSequence, kItem, kFragments };

// One level of the walk: a sequence, an item of it, or encapsulated fragments.
struct Frame {
  FrameKind kind = FrameKind::kSequence;
  uint32_t tag = 0;         // The sequence's.
  uint64_t end = kNoEnd;    // Position behind it, or kNoEnd: ends with a delimiter.
  int items = 0;            // Seen so far, of a sequence.
  bool explicit_vr = true;  // Inside.
};

class Scanner {
 public:
  Scanner(ByteSource& source, const FileMeta& meta, ScanExtent extent, DataSetVisitor& visitor)
      : source_(source), meta_(meta), extent_(extent), visitor_(visitor) {}

  absl::Status Run() {
    for (int64_t elements = 0; !stopped_; ++elements) {
      if (elements > kMaxElements) {
        return absl::InvalidArgumentError("the data set has too many elements");
      }
      CAMNODE_ASSIGN_OR_RETURN(const bool more, Step());
      if (!more) break;
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<bool> Step();
  absl::Status ReadElementHeader(ScannedElement& element);
  absl::Status OnItem(const ScannedElement& element);
  absl::Status OnItemDelimiter();
  absl::Status OnSequenceDelimiter();
  absl::Status OnElement(ScannedElement element);
  absl::Status Enter(const ScannedElement& element, FrameKind kind, bool explicit_vr);
  absl::Status Deliver(const ScannedElement& element);
  absl::Status StopBehindPixelData();
  void LeaveFinished();

  bool ExplicitVr() const {
    return frames_.empty() ? meta_.explicit_vr : frames_.back().explicit_vr;
  }
  uint64_t End() const { return frames_.empty() ? kNoEnd : frames_.back().end; }

  absl::Status Broken(uint32_t tag, absl::string_view what) const {
    return absl::DataLossError(absl::StrCat("the data set ", what, " at ", TagText(tag)));
  }
  uint16_t Load16(const char* bytes) const {
    const auto low = static_cast<unsigned char>(bytes[meta_.big_endian ? 1 : 0]);
    const auto high = static_cast<unsigned char>(bytes[meta_.big_endian ? 0 : 1]);
    return static_cast<uint16_t>(low | high << 8);
  }
  uint32_t Load32(const char* bytes) const {
    const uint32_t first = Load16(bytes);
    const uint32_t second = Load16(bytes + 2);
    return meta_.big_endian ? first << 16 | second : second << 16 | first;
  }

  ByteSource& source_;
  const FileMeta& meta_;
  const ScanExtent extent_;
  DataSetVisitor& visitor_;
  std::vector<Frame> frames_;
  int depth_ = 0;  // Sequences among frames_.
  uint32_t last_tag_ = 0;
  bool stopped_ = false;
};

void Scanner::LeaveFinished() {
  while (!frames_.empty() && frames_.back().end <= source_.position()) {
    if (frames_.back().kind != FrameKind::kItem) --depth_;
    frames_.pop_back();
  }
}

// Reads the element that begins here; false at the end of the data set.
absl::StatusOr<bool> Scanner::Step() {
  LeaveFinished();
  ScannedElement element;
  char tag[4];
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, source_.Read(tag, sizeof(tag)));
  if (got < sizeof(tag)) {
    const bool padding = std::all_of(tag, tag + got, [](char c) { return c == 0; });
    if (frames_.empty() && padding) return false;
    return Broken(last_tag_, "ends inside an element or a sequence that begins");
  }
  element.tag = static_cast<uint32_t>(Load16(tag)) << 16 | Load16(tag + 2);
  last_tag_ = element.tag;
  CAMNODE_RETURN_IF_ERROR(ReadElementHeader(element));
  if (element.length != kUndefinedLength) {
    const uint64_t end = source_.position() + element.length;
    if (element.length > source_.Remaining()) return Broken(element.tag, "ends before its element");
    if (end > End()) return Broken(element.tag, "has an element longer than its item");
  }
  switch (element.tag) {
    case kItemTag:
      CAMNODE_RETURN_IF_ERROR(OnItem(element));
      break;
    case kItemDelimiterTag:
      CAMNODE_RETURN_IF_ERROR(OnItemDelimiter());
      break;
    case kSequenceDelimiterTag:
      CAMNODE_RETURN_IF_ERROR(OnSequenceDelimiter());
      break;
    default:
      CAMNODE_RETURN_IF_ERROR(OnElement(element));
  }
  return true;
}

absl::Status Scanner::ReadElementHeader(ScannedElement& element) {
  char bytes[4];
  CAMNODE_ASSIGN_OR_RETURN(size_t got, source_.Read(bytes, sizeof(bytes)));
  if (got < sizeof(bytes)) return Broken(element.tag, "ends inside the element");
  const absl::string_view vr(bytes, 2);
  const bool delimiter = element.tag >> 16 == 0xFFFE;
  // A value representation that nobody knows in an explicit data set: some
  // writers slip single implicit elements in.
  if (delimiter || !ExplicitVr() || !IsKnownVr(vr)) {
    element.length = Load32(bytes);
    return absl::OkStatus();
  }
  std::memcpy(element.vr, bytes, 2);
  if (!HasLongLength(vr)) {
    element.length = Load16(bytes + 2);
    return absl::OkStatus();
  }
  CAMNODE_ASSIGN_OR_RETURN(got, source_.Read(bytes, sizeof(bytes)));
  if (got < sizeof(bytes)) return Broken(element.tag, "ends inside the element");
  element.length = Load32(bytes);
  return absl::OkStatus();
}

absl::Status Scanner::OnItem(const ScannedElement& element) {
  if (frames_.empty() || frames_.back().kind == FrameKind::kItem) {
    return Broken(element.tag, "has an item outside a sequence");
  }
  Frame& sequence = frames_.back();
  if (sequence.kind == FrameKind::kFragments) {
    if (element.length == kUndefinedLength) {
      return Broken(element.tag, "has a fragment without length");
    }
    ScannedElement fragment = element;
    fragment.sequence = sequence.tag;
    fragment.item = sequence.items++;
    fragment.depth = depth_;
    return Deliver(fragment);
  }
  ++sequence.items;
  Frame item;
  item.kind = FrameKind::kItem;
  item.tag = sequence.tag;
  item.explicit_vr = sequence.explicit_vr;
  item.end = element.length == kUndefinedLength ? kNoEnd : source_.position() + element.length;
  frames_.push_back(item);
  return absl::OkStatus();
}

absl::Status Scanner::OnItemDelimiter() {
  if (!frames_.empty() && frames_.back().kind == FrameKind::kItem) {
    if (frames_.back().end == kNoEnd) frames_.pop_back();
    return absl::OkStatus();
  }
  // Outside any item it is a harmless slip of some writers.
  const bool harmless = frames_.empty() || frames_.back().kind == FrameKind::kSequence;
  return harmless ? absl::OkStatus() : Broken(kItemDelimiterTag, "has a stray delimiter");
}

absl::Status Scanner::OnSequenceDelimiter() {
  if (frames_.empty()) return absl::OkStatus();
  // An item of undefined length may lack its own delimiter.
  if (frames_.back().kind == FrameKind::kItem && frames_.back().end == kNoEnd &&
      frames_.size() >= 2 && frames_[frames_.size() - 2].end == kNoEnd) {
    frames_.pop_back();
  }
  const Frame& frame = frames_.back();
  if (frame.kind == FrameKind::kItem) {
    return Broken(kSequenceDelimiterTag, "has a stray delimiter");
  }
  if (frame.end != kNoEnd) return absl::OkStatus();  // "For re-encoding", some writers say.
  const bool pixel_data = frame.tag == kPixelDataTag && frames_.size() == 1;
  frames_.pop_back();
  --depth_;
  if (pixel_data) return StopBehindPixelData();
  return absl::OkStatus();
}

absl::Status Scanner::OnElement(ScannedElement element) {
  if (!frames_.empty() && frames_.back().kind != FrameKind::kItem) {
    return Broken(element.tag, "has an element between items");
  }
  if (!frames_.empty()) {
    element.sequence = frames_.back().tag;
    element.item = frames_[frames_.size() - 2].items - 1;
  }
  element.depth = depth_;
  const absl::string_view vr(element.vr);
  if (vr == "SQ") return Enter(element, FrameKind::kSequence, ExplicitVr());
  if (element.length == kUndefinedLength) {
    if (element.tag == kPixelDataTag || vr == "OB" || vr == "OW") {
      return Enter(element, FrameKind::kFragments, ExplicitVr());
    }
    // PS3.5 6.2.2: UN of undefined length is a sequence in implicit VR.
    if (vr == "UN" || vr.empty()) {
      return Enter(element, FrameKind::kSequence, vr == "UN" ? false : ExplicitVr());
    }
    return Broken(element.tag, "has an undefined length where none may be");
  }
  if ((vr.empty() || vr == "UN") && visitor_.IsSequence(element)) {
    return Enter(element, FrameKind::kSequence, false);
  }
  CAMNODE_RETURN_IF_ERROR(Deliver(element));
  if (element.tag == kPixelDataTag && frames_.empty()) return StopBehindPixelData();
  return absl::OkStatus();
}

absl::Status Scanner::Enter(const ScannedElement& element, FrameKind kind, bool explicit_vr) {
  if (element.length == 0) return absl::OkStatus();
  if (depth_ >= kMaxSequenceDepth) return Broken(element.tag, "nests deeper than 32 sequences");
  ++depth_;
  Frame frame;
  frame.kind = kind;
  frame.tag = element.tag;
  frame.explicit_vr = explicit_vr;
  frame.end = element.length == kUndefinedLength ? kNoEnd : source_.position() + element.length;
  frames_.push_back(frame);
  return absl::OkStatus();
}

// Hands the wanted part of a value over and goes behind the value.
absl::Status Scanner::Deliver(const ScannedElement& element) {
  uint64_t left = std::min<uint64_t>(visitor_.WantedBytes(element), element.length);
  if (left == 0 && element.length > 0) {
    const bool unneeded = meta_.deflated && extent_ == ScanExtent::kHeader &&
                          element.tag == kPixelDataTag && frames_.empty();
    return unneeded ? absl::OkStatus() : source_.Skip(element.length);
  }
  const uint64_t rest = element.length - left;
  std::string value;
  while (left > 0) {
    const size_t piece = static_cast<size_t>(std::min<uint64_t>(left, kPieceBytes));
    const size_t before = value.size();
    value.resize(before + piece);
    CAMNODE_ASSIGN_OR_RETURN(const size_t got, source_.Read(value.data() + before, piece));
    if (got < piece) return Broken(element.tag, "ends inside the element");
    left -= piece;
  }
  if (rest > 0) CAMNODE_RETURN_IF_ERROR(source_.Skip(rest));
  return visitor_.OnValue(element, std::move(value));
}

absl::Status Scanner::StopBehindPixelData() {
  stopped_ = extent_ == ScanExtent::kHeader;
  return absl::OkStatus();
}

}  // namespace

std::string TagText(uint32_t tag) {
  return absl::StrFormat("(%04x,%04x)", tag >> 16, tag & 0xffff);
}

absl::Status ScanDicomFile(const std::string& path, ScanExtent extent, DataSetVisitor& visitor) {
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<FileByteSource> file, FileByteSource::Open(path));
  CAMNODE_ASSIGN_OR_RETURN(const FileMeta meta, ReadFileMeta(*file));
  visitor.OnStart(meta);
  if (!meta.deflated) return Scanner(*file, meta, extent, visitor).Run();
  const std::unique_ptr<ByteSource> inflated = MakeInflatingByteSource(*file, kMaxInflatedBytes);
  return Scanner(*inflated, meta, extent, visitor).Run();
}

}  // namespace camnode
