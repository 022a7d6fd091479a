// Walks a DICOM file element by element (PS3.5 section 7, PS3.10 section 7).
//
// This, and not a DICOM toolkit, is what reads files from outside: DCMTK 3.6.7
// recurses without limit and trusts declared lengths in places.  The scanner
// keeps its own stack, of at most 32 nested sequences, allocates only for values
// the visitor wants and only as many bytes as really come, and ends after at most
// four million elements.

#ifndef CAMNODE_CORE_DICOM_FILE_DATASET_SCANNER_H_
#define CAMNODE_CORE_DICOM_FILE_DATASET_SCANNER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/dicom/file/file_meta.h"

namespace camnode {

constexpr uint32_t kPixelDataTag = 0x7FE00010;
constexpr uint32_t kItemTag = 0xFFFEE000;
constexpr uint32_t kUndefinedLength = 0xFFFFFFFF;
constexpr int kMaxSequenceDepth = 32;
constexpr int64_t kMaxElements = 4'000'000;
constexpr uint64_t kMaxInflatedBytes = uint64_t{1} << 30;

struct ScannedElement {
  uint32_t tag = 0;        // 0x00280010 is (0028,0010).
  char vr[3] = {0, 0, 0};  // "US"; empty in an implicit VR data set.
  uint32_t length = 0;     // In bytes, or kUndefinedLength.
  int depth = 0;           // Enclosing sequences.
  uint32_t sequence = 0;   // The innermost of them; 0 outside any.
  int item = 0;            // Which item of it, from 0.
};

class DataSetVisitor {
 public:
  virtual ~DataSetVisitor() = default;

  // Once, before any element.
  virtual void OnStart(const FileMeta&) {}

  // How many leading bytes of this value are wanted: 0 to pass it by.  Fragments
  // of encapsulated pixel data come as elements with kItemTag whose sequence is
  // kPixelDataTag; `item` 0 is the Basic Offset Table.
  virtual uint64_t WantedBytes(const ScannedElement& element) = 0;

  // The bytes, in the file's byte order.  An error ends the scan and is returned.
  virtual absl::Status OnValue(const ScannedElement& element, std::string value) = 0;

  // True to walk into a value of defined length that an implicit VR data set
  // holds: only the visitor knows that the tag is a sequence.
  virtual bool IsSequence(const ScannedElement&) { return false; }
};

enum class ScanExtent {
  kHeader,  // To the end of the pixel data, whose length is checked but not the rest.
  kAll,
};

// Errors: kDataLoss (the walk fails: says at which tag; deeper than 32; an element
// ends beyond the file), kInvalidArgument (too many elements, an inflated data set
// beyond 1 GiB, a transfer syntax that is no UID), kUnavailable (cannot read), and
// what `visitor` returns.
absl::Status ScanDicomFile(const std::string& path, ScanExtent extent, DataSetVisitor& visitor);

// "(0028,0010)"
std::string TagText(uint32_t tag);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_DATASET_SCANNER_H_
