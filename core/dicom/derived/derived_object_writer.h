// The modules that every kind of object we make shares: patient and study as in
// the source, series, equipment, provenance (PS3.3 C.7.1, C.7.2, C.7.3, C.7.5,
// C.12).

#ifndef CAMNODE_CORE_DICOM_DERIVED_DERIVED_OBJECT_WRITER_H_
#define CAMNODE_CORE_DICOM_DERIVED_DERIVED_OBJECT_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/derived/derived_attributes.h"

class DcmDataset;
class DcmItem;
class DcmTagKey;

namespace camnode {

// When the object was made, as DICOM writes it.
struct ObjectTime {
  std::string date;             // DA
  std::string time;             // TM
  std::string timezone_offset;  // (0008,0201); empty: left out.
};

// Errors: kInvalidArgument if neither the source nor `object` gives a time zone
// that is known.
absl::StatusOr<ObjectTime> TimeOfObject(const DerivedObject& object,
                                        const SourceAttributes& source);

// Fills `dataset`, which is empty, with everything but the image or document itself.
// Errors: kInvalidArgument (text that is not ASCII or too long), kInternal.
absl::Status PutSharedModules(const DerivedObject& object, const SourceAttributes& source,
                              const ObjectTime& time, const char* sop_class, const char* modality,
                              DcmDataset& dataset);

// Writes values and remembers only the first failure, so that a module reads as
// the list of its attributes.  Used by one thread.
class ItemWriter {
 public:
  // Borrows `item`.
  explicit ItemWriter(DcmItem& item) : item_(item) {}

  ItemWriter& Text(const DcmTagKey& tag, const std::string& value);
  ItemWriter& Number(const DcmTagKey& tag, int value);  // US
  // An item of a sequence in it, by position; null after a failure.
  DcmItem* Item(const DcmTagKey& sequence, int position = 0);
  // One item with a code.
  ItemWriter& Code(const DcmTagKey& sequence, int position, absl::string_view value,
                   absl::string_view scheme, absl::string_view meaning);

  const absl::Status& status() const { return status_; }

 private:
  DcmItem& item_;
  absl::Status status_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_DERIVED_DERIVED_OBJECT_WRITER_H_
