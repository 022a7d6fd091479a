// The last part of step 12 of the life of an instance: the objects made of an analysis,
// drawn, written and kept.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_STAGE_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_STAGE_H_

#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/thread_pool.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/pipeline/film_analyzer.h"
#include "core/pipeline/output_writer.h"
#include "core/storage/blobs/blob_store.h"

namespace camnode {

// Used by one thread at a time.  Its own threads stay for its life.
class OutputStage {
 public:
  // `blobs` outlives the stage.  `display_max_long_side`, in pixels: of the display raster,
  // the PNG kept for rendering overlays later, on request.
  OutputStage(BlobStore& blobs, int display_max_long_side);

  // Every object that `writers` make of `analyzed.analysis`, in their order, and the
  // display raster, each a durable blob, added to `analyzed`.  All at the same time:
  // drawing uses every core, and the waits for the disk fall together.  `film`: the
  // presentation pixels; empty if it was not decoded, and then there is no raster.
  // Errors: those of OutputWriter::Write and BlobStore::Put, of the first object that
  // failed.  Blobs that were made beside it are named by no row: the sweep removes them.
  absl::Status Write(const std::vector<std::unique_ptr<OutputWriter>>& writers,
                     const Instance& instance, const SourceAttributes& source,
                     const cv::Mat1b& film, AnalyzedFilm& analyzed);

 private:
  absl::StatusOr<DerivedInstance> WriteOutput(const OutputWriter& writer, const OutputInput& input,
                                              int index);
  absl::StatusOr<std::string> StoreDisplayRaster(const cv::Mat1b& film);

  BlobStore& blobs_;
  const int display_max_long_side_;
  ThreadPool threads_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_OUTPUT_STAGE_H_
