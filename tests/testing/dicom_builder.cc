#include "tests/testing/dicom_builder.h"

#include <cstddef>
#include <mutex>
#include <stdexcept>

#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcfilefo.h"
#include "dcmtk/dcmdata/dcrleerg.h"
#include "dcmtk/dcmdata/dcrlerp.h"
#include "dcmtk/dcmdata/dctk.h"
#include "dcmtk/dcmimage/diregist.h"  // Colour, for the JPEG encoder.
#include "dcmtk/dcmjpeg/djencode.h"
#include "dcmtk/dcmjpeg/djrplol.h"
#include "dcmtk/dcmjpeg/djrploss.h"
#include "dcmtk/dcmjpls/djencode.h"
#include "dcmtk/dcmjpls/djrparam.h"

namespace camnode {
namespace {

DcmTagKey Key(uint32_t tag) {
  return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xffff));
}

void Check(const OFCondition& condition) {
  if (condition.bad()) throw std::runtime_error(condition.text());
}

void RegisterEncoders() {
  static std::once_flag once;
  std::call_once(once, [] {
    DJEncoderRegistration::registerCodecs();
    DJLSEncoderRegistration::registerCodecs();
    DcmRLEEncoderRegistration::registerCodecs();
  });
}

}  // namespace

DicomBuilder::DicomBuilder() : dataset_(std::make_unique<DcmDataset>()) {
  Text(0x00080005, "ISO_IR 100");
  Text(0x00080008, "ORIGINAL\\PRIMARY");
  Text(0x00080016, "1.2.840.10008.5.1.4.1.1.1");
  Text(0x00080018, "1.2.826.0.1.3680043.10.1.1");
  Text(0x00080020, "20260102").Text(0x00080030, "101112");
  Text(0x00080050, "ACC1").Text(0x00080060, "CR").Text(0x00080070, "Filmworks");
  Text(0x00080090, "Doctor^Referring");
  Text(0x00100010, "Test^Film").Text(0x00100020, "P1");
  Text(0x00100030, "20200101").Text(0x00100040, "O");
  Text(0x00180015, "CHEST").Text(0x00185101, "PA");
  Text(0x0020000D, "1.2.826.0.1.3680043.10.1.2").Text(0x0020000E, "1.2.826.0.1.3680043.10.1.3");
  Text(0x00200010, "S1").Text(0x00200011, "1").Text(0x00200013, "1").Text(0x00200020, "L\\F");
  Text(0x00280004, "MONOCHROME2");
  Text(0x00281050, "2048").Text(0x00281051, "4096");
  std::vector<int> values(64 * 80);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i % 4096);
  Pixels(64, 80, values);
}

DicomBuilder::~DicomBuilder() = default;
DicomBuilder::DicomBuilder(const DicomBuilder& other)
    : dataset_(std::make_unique<DcmDataset>(*other.dataset_)) {}
DicomBuilder& DicomBuilder::operator=(const DicomBuilder& other) {
  dataset_ = std::make_unique<DcmDataset>(*other.dataset_);
  return *this;
}

DicomBuilder& DicomBuilder::Text(uint32_t tag, const std::string& value) {
  Check(dataset_->putAndInsertString(Key(tag), value.data(), static_cast<Uint32>(value.size())));
  return *this;
}

DicomBuilder& DicomBuilder::Number(uint32_t tag, int value) {
  Check(dataset_->putAndInsertUint16(Key(tag), static_cast<Uint16>(value)));
  return *this;
}

DicomBuilder& DicomBuilder::Remove(uint32_t tag) {
  dataset_->findAndDeleteElement(Key(tag));
  return *this;
}

DicomBuilder& DicomBuilder::ItemText(uint32_t sequence, int item, uint32_t tag,
                                     const std::string& value) {
  DcmItem* target = nullptr;
  Check(dataset_->findOrCreateSequenceItem(Key(sequence), target, item));
  Check(target->putAndInsertString(Key(tag), value.data(), static_cast<Uint32>(value.size())));
  return *this;
}

DicomBuilder& DicomBuilder::LookupTable(uint32_t sequence, int first_mapped, int bits,
                                        const std::vector<uint16_t>& entries) {
  DcmItem* item = nullptr;
  Check(dataset_->findOrCreateSequenceItem(Key(sequence), item, 0));
  // Signed where the first mapped value is: its value representation says so.
  const Uint16 descriptor[] = {static_cast<Uint16>(entries.size()),
                               static_cast<Uint16>(first_mapped), static_cast<Uint16>(bits)};
  DcmElement* element = nullptr;
  if (first_mapped < 0) {
    const Sint16 values[] = {static_cast<Sint16>(descriptor[0]), static_cast<Sint16>(first_mapped),
                             static_cast<Sint16>(bits)};
    element = new DcmSignedShort(DcmTag(DCM_LUTDescriptor, DcmVR(EVR_SS)));
    Check(element->putSint16Array(values, 3));
  } else {
    element = new DcmUnsignedShort(DcmTag(DCM_LUTDescriptor, DcmVR(EVR_US)));
    Check(element->putUint16Array(descriptor, 3));
  }
  Check(item->insert(element, OFTrue));
  Check(item->putAndInsertUint16Array(DcmTag(DCM_LUTData, DcmVR(EVR_OW)), entries.data(),
                                      entries.size()));
  return *this;
}

DicomBuilder& DicomBuilder::Pixels(int rows, int columns, const std::vector<int>& values,
                                   int bits_allocated, int bits_stored, bool is_signed) {
  Number(0x00280002, 1).Number(0x00280010, rows).Number(0x00280011, columns);
  Number(0x00280100, bits_allocated).Number(0x00280101, bits_stored);
  Number(0x00280102, bits_stored - 1).Number(0x00280103, is_signed ? 1 : 0);
  const int mask = (1 << bits_stored) - 1;
  if (bits_allocated == 8) {
    std::vector<Uint8> bytes;
    for (const int value : values) bytes.push_back(static_cast<Uint8>(value & mask));
    Check(dataset_->putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size()));
  } else {
    std::vector<Uint16> words;
    for (const int value : values) words.push_back(static_cast<Uint16>(value & mask));
    Check(dataset_->putAndInsertUint16Array(DCM_PixelData, words.data(), words.size()));
  }
  return *this;
}

DicomBuilder& DicomBuilder::RgbPixels(int rows, int columns, const std::vector<uint8_t>& values) {
  Number(0x00280002, 3).Text(0x00280004, "RGB").Number(0x00280006, 0);
  Number(0x00280010, rows).Number(0x00280011, columns).Number(0x00280100, 8);
  Number(0x00280101, 8).Number(0x00280102, 7).Number(0x00280103, 0);
  Check(dataset_->putAndInsertUint8Array(DCM_PixelData, values.data(), values.size()));
  return *this;
}

std::string DicomBuilder::WriteTo(const std::string& path,
                                  const std::string& transfer_syntax) const {
  RegisterEncoders();
  DcmFileFormat file(new DcmDataset(*dataset_), OFFalse);
  DcmDataset& dataset = *file.getDataset();
  const DcmXfer xfer(transfer_syntax.c_str());
  const DJ_RPLossless lossless(6, 0);
  const DJ_RPLossy lossy(90);
  const DJLSRepresentationParameter near_lossless(0, OFTrue);
  const DcmRLERepresentationParameter rle;
  const DcmRepresentationParameter* parameter = nullptr;
  switch (xfer.getXfer()) {
    case EXS_JPEGProcess1:
      parameter = &lossy;
      break;
    case EXS_JPEGProcess14:
    case EXS_JPEGProcess14SV1:
      parameter = &lossless;
      break;
    case EXS_JPEGLSLossless:
      parameter = &near_lossless;
      break;
    case EXS_RLELossless:
      parameter = &rle;
      break;
    default:
      break;
  }
  // A lossy encoder gives the film a new UID; keep ours.
  OFString uid;
  const bool has_uid = dataset.findAndGetOFString(DCM_SOPInstanceUID, uid).good();
  Check(dataset.chooseRepresentation(xfer.getXfer(), parameter));
  if (has_uid) Check(dataset.putAndInsertOFStringArray(DCM_SOPInstanceUID, uid));
  Check(file.saveFile(path.c_str(), xfer.getXfer(), EET_ExplicitLength));
  return path;
}

}  // namespace camnode
