// One kind of object made from an analysis.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_WRITER_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_WRITER_H_

#include <opencv2/core/mat.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"

namespace camnode {

// What every writer is given.  Borrowed for the length of a call.
struct OutputInput {
  const Instance& instance;
  const SourceAttributes& source;
  const Analysis& analysis;
  const cv::Mat1b& film;  // Presentation pixels; empty if the film was not decoded.
  // Held while `source` is read: DCMTK moves a cursor in a data set to read it,
  // and several writers work on one film at the same time.
  Mutex& source_mutex;
};

struct WrittenOutput {
  DerivedInstance derived;  // All but blob_id, sha256 and size_bytes.
  std::string bytes;        // A Part 10 file.
};

// Immutable, thread-safe: several objects of one film are written at once.
class OutputWriter {
 public:
  virtual ~OutputWriter() = default;

  // "overlay": stored, shown, and part of the derived UIDs.
  virtual absl::string_view kind() const = 0;

  // How many objects it makes of this analysis; 0 if it has nothing to say.
  virtual int CountFor(const Analysis& analysis) const = 0;

  // Object number `index`, 0 <= index < CountFor(input.analysis).  The same
  // arguments give the same bytes.
  // Errors: those of core/render and core/dicom.
  virtual absl::StatusOr<WrittenOutput> Write(const OutputInput& input, int index) const = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_OUTPUT_WRITER_H_
