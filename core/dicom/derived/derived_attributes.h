// What every object made from a film must carry of that film: patient, study and
// provenance (PS3.3 C.7.1, C.7.2, C.12), copied byte for byte with the
// character set they were written in.

#ifndef CAMNODE_CORE_DICOM_DERIVED_DERIVED_ATTRIBUTES_H_
#define CAMNODE_CORE_DICOM_DERIVED_DERIVED_ATTRIBUTES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"

class DcmDataset;

namespace camnode {

// The attributes of one source film that its outputs carry.  Immutable, movable;
// used by one thread at a time, since DCMTK moves a cursor even when it only reads.
class SourceAttributes {
 public:
  // Errors: as ReadInstanceHeader, and kInvalidArgument for a value too long to be
  // carried.
  static absl::StatusOr<SourceAttributes> FromFile(const std::string& path);

  // For a PNG or JPEG upload: its derived UIDs, empty patient and study.
  static SourceAttributes Synthetic(const Instance& instance);

  SourceAttributes(SourceAttributes&&) noexcept;
  SourceAttributes& operator=(SourceAttributes&&) noexcept;
  ~SourceAttributes();

  // Patient, study, and of general series and image what outputs share.
  const DcmDataset& dataset() const { return *dataset_; }
  // What names the device that made the film, for Contributing Equipment.
  const DcmDataset& equipment() const { return *equipment_; }
  // True for a DICOM film; false for an upload, which has nothing to refer to.
  bool is_dicom() const { return !sop_class_uid_.empty(); }
  const Uid& sop_class_uid() const { return sop_class_uid_; }
  const Uid& sop_instance_uid() const { return sop_instance_uid_; }
  const Uid& series_instance_uid() const { return series_instance_uid_; }
  const Uid& study_instance_uid() const { return study_instance_uid_; }

 private:
  SourceAttributes();
  std::unique_ptr<DcmDataset> dataset_;
  std::unique_ptr<DcmDataset> equipment_;
  Uid sop_class_uid_;
  Uid sop_instance_uid_;
  Uid series_instance_uid_;
  Uid study_instance_uid_;
};

// One model that had a part in an object: an item of Contributing Equipment.
struct ContributingModel {
  std::string name;     // "resnet18"
  std::string version;  // "1"
  Uid device_uid;       // Derived from the weights' digest: changes with every retraining.
};

// What is the same in every kind of object we make.
struct DerivedObject {
  Uid sop_instance_uid;
  Uid series_instance_uid;
  int series_number = 0;
  int instance_number = 1;
  std::string series_description;  // ASCII, at most 64 characters.
  std::string derivation;          // (0008,2111), ASCII.
  int64_t analysis_started_ms = 0;
  std::string time_zone = "UTC";  // IANA name, for content and creation times.
  std::vector<ContributingModel> models;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_DERIVED_DERIVED_ATTRIBUTES_H_
