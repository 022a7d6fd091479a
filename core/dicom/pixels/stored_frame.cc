#include "core/dicom/pixels/stored_frame.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/dicom/codec/codecs.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/file_meta.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/file/transfer_syntax.h"

namespace camnode {
namespace {

constexpr WantedAttribute kImageAttributes[] = {
    {tags::kSamplesPerPixel},
    {tags::kPhotometricInterpretation},
    {tags::kPlanarConfiguration},
    {tags::kNumberOfFrames},
    {tags::kRows},
    {tags::kColumns},
    {tags::kBitsAllocated},
    {tags::kBitsStored},
    {tags::kHighBit},
    {tags::kPixelRepresentation},
};

// The second entry of an offset table, little endian; 0 if there is none.
uint64_t SecondEntry(absl::string_view table, size_t entry_bytes) {
  uint64_t entry = 0;
  if (table.size() < 2 * entry_bytes) return 0;
  for (size_t i = 0; i < entry_bytes; ++i) {
    entry |= static_cast<uint64_t>(static_cast<unsigned char>(table[entry_bytes + i])) << (8 * i);
  }
  return entry;
}

// Collects the image attributes and the bytes of the first frame.
class FrameCollector final : public DataSetVisitor {
 public:
  FrameCollector(int64_t max_pixels, absl::Span<const WantedAttribute> wanted)
      : max_pixels_(max_pixels), image_(kImageAttributes), attributes_(wanted) {}

  void OnStart(const FileMeta& meta) override {
    image_.OnStart(meta);
    attributes_.OnStart(meta);
  }
  bool IsSequence(const ScannedElement& element) override {
    return attributes_.IsSequence(element);
  }
  uint64_t WantedBytes(const ScannedElement& element) override;
  absl::Status OnValue(const ScannedElement& element, std::string value) override;

  const FileMeta& meta() const { return image_.meta(); }
  // The image attributes, once the pixel data was met.
  absl::StatusOr<PixelFormat> format() const;
  AttributeTable TakeAttributes() { return std::move(attributes_); }
  bool has_fragments() const { return has_fragments_; }
  const std::vector<std::string>& fragments() const { return fragments_; }
  // Uncompressed pixel data, as in the file.
  std::string TakeNative() { return std::move(native_); }
  const std::string& pixel_vr() const { return pixel_vr_; }

 private:
  bool IsFragment(const ScannedElement& element) const {
    return element.tag == kItemTag && element.sequence == kPixelDataTag && element.depth == 1;
  }
  void ReadFormat() {
    if (!format_) format_ = ReadPixelFormat(image_, max_pixels_);
  }
  int Frames() const { return image_.Integer(tags::kNumberOfFrames).value_or(1); }
  uint64_t WantedNativeBytes(const ScannedElement& element);
  absl::Status OnFragment(const ScannedElement& element, std::string value);
  bool BeginsNextFrame(absl::string_view fragment) const;

  const int64_t max_pixels_;
  AttributeTable image_;
  AttributeTable attributes_;
  absl::optional<absl::StatusOr<PixelFormat>> format_;
  std::string pixel_vr_;
  std::string native_;
  bool has_fragments_ = false;
  bool has_float_pixels_ = false;
  std::vector<std::string> fragments_;
  uint64_t fragment_offset_ = 0;      // Of the next fragment, as the offset tables count.
  uint64_t second_frame_offset_ = 0;  // 0: no offset table says.
  uint64_t compressed_bytes_ = 0;
  bool frame_complete_ = false;
};

uint64_t FrameCollector::WantedBytes(const ScannedElement& element) {
  if (IsFragment(element)) {
    ReadFormat();
    has_fragments_ = true;
    if (!format_->ok()) return 0;
    if (element.item == 0) return std::min<uint64_t>(element.length, 8);
    return frame_complete_ ? 0 : element.length;
  }
  if (element.depth == 0 && element.tag == kPixelDataTag) return WantedNativeBytes(element);
  if (element.depth == 0 && element.tag == tags::kExtendedOffsetTable) return 16;
  has_float_pixels_ |= element.depth == 0 && (element.tag == tags::kFloatPixelData ||
                                              element.tag == tags::kDoubleFloatPixelData);
  return std::max(image_.WantedBytes(element), attributes_.WantedBytes(element));
}

uint64_t FrameCollector::WantedNativeBytes(const ScannedElement& element) {
  ReadFormat();
  pixel_vr_ = element.vr;
  if (!format_->ok()) return 0;
  PixelFormat& format = **format_;
  // Some writers say that chroma is halved and store all of it.
  const auto whole = static_cast<uint64_t>(format.Pixels()) * 3 * std::max(1, Frames());
  if (format.photometric == "YBR_FULL_422" && format.bits_allocated == 8 &&
      element.length >= whole) {
    format.photometric = "YBR_FULL";
  }
  const auto needed = static_cast<uint64_t>(format.FrameBytes());
  return needed + needed % 2;  // Big endian swaps the last byte with its padding.
}

absl::Status FrameCollector::OnValue(const ScannedElement& element, std::string value) {
  if (IsFragment(element)) return OnFragment(element, std::move(value));
  if (element.depth == 0 && element.tag == kPixelDataTag) {
    native_ = std::move(value);
    return absl::OkStatus();
  }
  if (element.depth == 0 && element.tag == tags::kExtendedOffsetTable) {
    second_frame_offset_ = SecondEntry(value, 8);
    return absl::OkStatus();
  }
  CAMNODE_RETURN_IF_ERROR(image_.OnValue(element, value));
  return attributes_.OnValue(element, std::move(value));
}

// Where the offset table says so; every stream of the JPEG family begins with a
// marker of its own; a frame of RLE is one fragment (PS3.5 A.4.2).
bool FrameCollector::BeginsNextFrame(absl::string_view fragment) const {
  if (fragments_.empty() || Frames() <= 1) return false;
  if (second_frame_offset_ > 0 && fragment_offset_ >= second_frame_offset_) return true;
  return absl::StartsWith(fragment, "\xFF\xD8\xFF") ||
         absl::StartsWith(fragment, "\xFF\x4F\xFF\x51") ||
         meta().transfer_syntax_uid.text() == kRleLossless;
}

absl::Status FrameCollector::OnFragment(const ScannedElement& element, std::string value) {
  if (element.item == 0) {
    if (const uint64_t offset = SecondEntry(value, 4); offset > 0) second_frame_offset_ = offset;
    return absl::OkStatus();
  }
  if (frame_complete_ || !format_->ok()) return absl::OkStatus();
  if (BeginsNextFrame(value)) {
    frame_complete_ = true;
    return absl::OkStatus();
  }
  fragment_offset_ += 8 + uint64_t{element.length};
  compressed_bytes_ += value.size();
  // No coder makes a frame four times as long as it was.
  if (compressed_bytes_ > 4 * static_cast<uint64_t>((*format_)->FrameBytes()) + (1 << 20)) {
    return absl::InvalidArgumentError("the compressed pixel data is far longer than its frame");
  }
  fragments_.push_back(std::move(value));
  return absl::OkStatus();
}

absl::StatusOr<PixelFormat> FrameCollector::format() const {
  if (format_) return *format_;
  if (has_float_pixels_) {
    return absl::UnimplementedError("Float Pixel Data (7fe0,0008) or (7fe0,0009) is not supported");
  }
  return absl::InvalidArgumentError("Pixel Data (7fe0,0010) is absent");
}

void SwapBytes(std::string& words) {
  for (size_t at = 0; at + 1 < words.size(); at += 2) std::swap(words[at], words[at + 1]);
}

// One byte for each bit, the lowest bit first (PS3.5 8.1.1).
std::string Unpack(absl::string_view bits, size_t pixels) {
  std::string samples(pixels, '\0');
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    samples[pixel] =
        static_cast<char>(static_cast<unsigned char>(bits[pixel / 8]) >> (pixel % 8) & 1);
  }
  return samples;
}

// Uncompressed samples as little endian.
absl::StatusOr<DecodedFrame> TakeNativeFrame(FrameCollector& collector, const PixelFormat& format) {
  DecodedFrame frame;
  frame.samples = collector.TakeNative();
  const auto needed = static_cast<size_t>(format.FrameBytes());
  if (frame.samples.size() < needed) {
    return absl::DataLossError(absl::StrCat("Pixel Data (7fe0,0010) has ", frame.samples.size(),
                                            " bytes, one frame needs ", needed));
  }
  frame.bytes_per_sample = format.bits_allocated == 16 ? 2 : 1;
  frame.planar = format.planar;
  frame.photometric = format.photometric;
  // In big endian, OW is swapped in words even where samples are bytes (PS3.5 8.1.1).
  const bool words = frame.bytes_per_sample == 2 || collector.pixel_vr() == "OW";
  if (collector.meta().big_endian && words) SwapBytes(frame.samples);
  if (format.bits_allocated == 1) {
    frame.samples = Unpack(frame.samples, static_cast<size_t>(format.Pixels()));
  }
  return frame;
}

absl::StatusOr<DecodedFrame> DecodeFirstFrame(FrameCollector& collector, PixelFormat& format) {
  const std::string& transfer_syntax = collector.meta().transfer_syntax_uid.text();
  if (IsEncapsulated(transfer_syntax) != collector.has_fragments()) {
    return absl::DataLossError(
        absl::StrCat("Pixel Data (7fe0,0010) is ", collector.has_fragments() ? "" : "not ",
                     "encapsulated, against transfer syntax ", transfer_syntax));
  }
  if (!collector.has_fragments()) return TakeNativeFrame(collector, format);
  if (collector.fragments().empty()) return absl::DataLossError("Pixel Data holds no fragment");
  CAMNODE_ASSIGN_OR_RETURN(DecodedFrame frame,
                           DecodeFrame(transfer_syntax, collector.fragments(), format));
  // The JPEG family keeps samples, not containers: they are right-aligned.
  if (transfer_syntax != kRleLossless) format.high_bit = format.bits_stored - 1;
  return frame;
}

}  // namespace

absl::StatusOr<StoredFrame> ReadStoredFrame(const std::string& path, int64_t max_pixels,
                                            absl::Span<const WantedAttribute> wanted) {
  FrameCollector collector(max_pixels, wanted);
  CAMNODE_RETURN_IF_ERROR(ScanDicomFile(path, ScanExtent::kHeader, collector));
  const std::string& transfer_syntax = collector.meta().transfer_syntax_uid.text();
  const auto& supported = SupportedTransferSyntaxes();
  if (std::find(supported.begin(), supported.end(), transfer_syntax) == supported.end()) {
    return UnsupportedTransferSyntax(transfer_syntax);
  }
  CAMNODE_ASSIGN_OR_RETURN(PixelFormat format, collector.format());
  CAMNODE_ASSIGN_OR_RETURN(DecodedFrame frame, DecodeFirstFrame(collector, format));
  return StoredFrame{std::move(format), std::move(frame), collector.TakeAttributes()};
}

}  // namespace camnode
