#include "core/dicom/radiograph_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/dicom/attribute_table.h"
#include "core/dicom/codecs.h"
#include "core/dicom/colour.h"
#include "core/dicom/dataset_scanner.h"
#include "core/dicom/grayscale.h"
#include "core/dicom/pixel_format.h"
#include "core/dicom/tags.h"

namespace camnode {
namespace {

constexpr WantedAttribute kWanted[] = {
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
    {tags::kPixelPaddingValue},
    {tags::kPixelPaddingRangeLimit},
    {tags::kWindowCenter},
    {tags::kWindowWidth},
    {tags::kRescaleIntercept},
    {tags::kRescaleSlope},
    {tags::kVoiLutFunction},
    {tags::kPresentationLutShape},
    {tags::kLutDescriptor, tags::kModalityLutSequence},
    {tags::kLutData, tags::kModalityLutSequence},
    {tags::kLutDescriptor, tags::kVoiLutSequence},
    {tags::kLutData, tags::kVoiLutSequence},
};

// Collects the image attributes and the bytes of the first frame.
class FilmCollector final : public DataSetVisitor {
 public:
  explicit FilmCollector(const RadiographLimits& limits) : limits_(limits), table_(kWanted) {}

  void OnStart(const FileMeta& meta) override { table_.OnStart(meta); }
  bool IsSequence(const ScannedElement& element) override { return table_.IsSequence(element); }
  uint64_t WantedBytes(const ScannedElement& element) override;
  absl::Status OnValue(const ScannedElement& element, std::string value) override;

  const AttributeTable& table() const { return table_; }
  // The image attributes, once the pixel data was met.
  absl::StatusOr<PixelFormat> format() const;
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
    if (!format_) format_ = ReadPixelFormat(table_, limits_.max_pixels);
  }
  absl::Status OnFragment(const ScannedElement& element, std::string value);
  absl::Status OnOffsetTable(const std::string& value);
  bool BeginsNextFrame(absl::string_view fragment) const;

  const RadiographLimits limits_;
  AttributeTable table_;
  absl::optional<absl::StatusOr<PixelFormat>> format_;
  std::string pixel_vr_;
  std::string native_;
  bool has_fragments_ = false;
  std::vector<std::string> fragments_;
  uint64_t fragment_offset_ = 0;      // Of the next fragment, as the offset table counts.
  uint64_t second_frame_offset_ = 0;  // 0: the offset table does not say.
  uint64_t compressed_bytes_ = 0;
  bool frame_complete_ = false;
};

uint64_t FilmCollector::WantedBytes(const ScannedElement& element) {
  if (IsFragment(element)) {
    ReadFormat();
    has_fragments_ = true;
    if (!format_->ok()) return 0;
    if (element.item == 0) return std::min<uint64_t>(element.length, 8);
    return frame_complete_ ? 0 : element.length;
  }
  if (element.tag == kPixelDataTag && element.depth == 0) {
    ReadFormat();
    pixel_vr_ = element.vr;
    if (!format_->ok()) return 0;
    const auto needed = static_cast<uint64_t>((*format_)->FrameBytes());
    return needed + needed % 2;  // Big endian swaps the last byte with its padding.
  }
  return table_.WantedBytes(element);
}

absl::Status FilmCollector::OnValue(const ScannedElement& element, std::string value) {
  if (IsFragment(element)) return OnFragment(element, std::move(value));
  if (element.tag == kPixelDataTag && element.depth == 0) {
    native_ = std::move(value);
    return absl::OkStatus();
  }
  return table_.OnValue(element, std::move(value));
}

absl::Status FilmCollector::OnOffsetTable(const std::string& value) {
  if (value.size() == 8) {
    for (size_t i = 0; i < 4; ++i) {
      second_frame_offset_ |= static_cast<uint64_t>(static_cast<unsigned char>(value[4 + i]))
                              << (8 * i);
    }
  }
  return absl::OkStatus();
}

// Every stream of the JPEG family begins with a marker of its own; a frame of RLE
// is one fragment (PS3.5 A.4.2).
bool FilmCollector::BeginsNextFrame(absl::string_view fragment) const {
  if (fragments_.empty() || table_.Integer(tags::kNumberOfFrames).value_or(1) <= 1) return false;
  if (second_frame_offset_ > 0) return fragment_offset_ >= second_frame_offset_;
  return absl::StartsWith(fragment, "\xFF\xD8\xFF") || absl::StartsWith(fragment, "\xFF\x4F\xFF") ||
         !absl::StartsWith(fragments_.front(), "\xFF");
}

absl::Status FilmCollector::OnFragment(const ScannedElement& element, std::string value) {
  if (element.item == 0) return OnOffsetTable(value);
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

absl::StatusOr<PixelFormat> FilmCollector::format() const {
  if (format_) return *format_;
  return absl::InvalidArgumentError("Pixel Data (7fe0,0010) is absent");
}

// Uncompressed samples as little endian.
absl::StatusOr<DecodedFrame> TakeNativeFrame(FilmCollector& collector, const PixelFormat& format) {
  DecodedFrame frame;
  frame.samples = collector.TakeNative();
  const auto needed = static_cast<size_t>(format.FrameBytes());
  if (frame.samples.size() < needed) {
    return absl::DataLossError(absl::StrCat("Pixel Data (7fe0,0010) has ", frame.samples.size(),
                                            " bytes, one frame needs ", needed));
  }
  frame.bytes_per_sample = format.bits_allocated / 8;
  frame.planar = format.planar;
  frame.photometric = format.photometric;
  // In big endian, OW is swapped in words even where samples are bytes (PS3.5 8.1.1).
  const bool words = frame.bytes_per_sample == 2 || collector.pixel_vr() == "OW";
  if (collector.table().meta().big_endian && words) {
    for (size_t at = 0; at + 1 < frame.samples.size(); at += 2) {
      std::swap(frame.samples[at], frame.samples[at + 1]);
    }
  }
  return frame;
}

absl::StatusOr<DecodedFrame> DecodeFirstFrame(FilmCollector& collector, PixelFormat& format) {
  const std::string& transfer_syntax = collector.table().meta().transfer_syntax_uid.text();
  const auto& supported = SupportedTransferSyntaxes();
  if (std::find(supported.begin(), supported.end(), transfer_syntax) == supported.end()) {
    return absl::UnimplementedError(
        absl::StrCat("transfer syntax ", transfer_syntax, " is not supported"));
  }
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
  if (transfer_syntax != "1.2.840.10008.1.2.5") format.high_bit = format.bits_stored - 1;
  return frame;
}

}  // namespace

absl::StatusOr<Radiograph> ReadRadiograph(const std::string& path, const RadiographLimits& limits) {
  FilmCollector collector(limits);
  CAMNODE_RETURN_IF_ERROR(ScanDicomFile(path, ScanExtent::kHeader, collector));
  CAMNODE_ASSIGN_OR_RETURN(PixelFormat format, collector.format());
  CAMNODE_ASSIGN_OR_RETURN(const DecodedFrame frame, DecodeFirstFrame(collector, format));
  if (!format.IsGrayscale()) return ToGray(frame, format);
  CAMNODE_ASSIGN_OR_RETURN(const GrayscaleChain chain,
                           ReadGrayscaleChain(collector.table(), format));
  GrayscaleFilm gray = ApplyGrayscaleChain(frame.samples, frame.bytes_per_sample, format, chain);
  Radiograph film;
  film.presentation = std::move(gray.presentation);
  film.modality_values = std::move(gray.modality_values);
  return film;
}

}  // namespace camnode
