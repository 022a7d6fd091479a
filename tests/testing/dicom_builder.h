// Builds small DICOM films for tests.

#ifndef CAMNODE_TESTS_TESTING_DICOM_BUILDER_H_
#define CAMNODE_TESTS_TESTING_DICOM_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

class DcmDataset;

namespace camnode {

// Starts as a frontal chest film: CR, 64 x 80, MONOCHROME2, 12 of 16 bits, values
// rising from 0 by 1 per pixel and wrapping at 4,096, window 2048/4096, a patient
// called Test^Film.  Tags are 0xGGGGEEEE.  Anything DCMTK refuses throws.
//
//   const std::string path = DicomBuilder().Text(0x00180015, "HAND").WriteTo(folder + "/a.dcm");
class DicomBuilder {
 public:
  DicomBuilder();
  ~DicomBuilder();
  DicomBuilder(const DicomBuilder& other);
  DicomBuilder& operator=(const DicomBuilder& other);

  // Sets a text; the bytes are written as they are.
  DicomBuilder& Text(uint32_t tag, const std::string& value);
  DicomBuilder& Number(uint32_t tag, int value);  // US or SS
  DicomBuilder& Remove(uint32_t tag);
  // Text in item number `item` of a top-level sequence.
  DicomBuilder& ItemText(uint32_t sequence, int item, uint32_t tag, const std::string& value);
  // Modality (0x00283000) or VOI (0x00283010) LUT Sequence with one item.
  DicomBuilder& LookupTable(uint32_t sequence, int first_mapped, int bits,
                            const std::vector<uint16_t>& entries);

  // `values` row by row, stored in 8 or 16 bits; sets the attributes that go with them.
  DicomBuilder& Pixels(int rows, int columns, const std::vector<int>& values,
                       int bits_allocated = 16, int bits_stored = 12, bool is_signed = false);
  // Red, green, blue of each pixel.
  DicomBuilder& RgbPixels(int rows, int columns, const std::vector<uint8_t>& values);

  // Writes a Part 10 file and returns `path`.  Any uncompressed syntax, deflated,
  // RLE, JPEG Baseline, JPEG Lossless (.57, .70), JPEG-LS Lossless.
  std::string WriteTo(const std::string& path,
                      const std::string& transfer_syntax = "1.2.840.10008.1.2.1") const;

 private:
  std::unique_ptr<DcmDataset> dataset_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_DICOM_BUILDER_H_
