#include "core/pipeline/output_stage.h"

#include <deque>
#include <functional>
#include <utility>

#include "core/base/crash_point.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/render/image_codec.h"
#include "core/render/overlay_renderer.h"

namespace camnode {
namespace {

// More than cores: most of an output's time is a wait for the disk.
constexpr int kThreads = 8;

}  // namespace

OutputStage::OutputStage(BlobStore& blobs, int display_max_long_side)
    : blobs_(blobs), display_max_long_side_(display_max_long_side), threads_(kThreads) {}

absl::Status OutputStage::Write(const std::vector<std::unique_ptr<OutputWriter>>& writers,
                                const Instance& instance, const SourceAttributes& source,
                                const cv::Mat1b& film, AnalyzedFilm& analyzed) {
  Mutex source_mutex;
  const OutputInput input = {instance, source, analyzed.analysis, film, source_mutex};
  absl::StatusOr<std::string> raster;
  std::vector<std::function<void()>> tasks = {[&] { raster = StoreDisplayRaster(film); }};
  // Results of tasks: they do not move when there are more.
  std::deque<absl::StatusOr<DerivedInstance>> outputs;
  for (const auto& writer : writers) {
    const int count = writer->CountFor(analyzed.analysis);
    for (int index = 0; index < count; ++index) {
      auto& output = outputs.emplace_back();
      tasks.emplace_back([this, &input, &writer = *writer, index, &output] {
        output = WriteOutput(writer, input, index);
      });
    }
  }
  threads_.RunAll(tasks);
  for (auto& output : outputs) {
    CAMNODE_ASSIGN_OR_RETURN(DerivedInstance derived, std::move(output));
    analyzed.derived.push_back(std::move(derived));
  }
  CAMNODE_ASSIGN_OR_RETURN(analyzed.analysis.display_blob_id, std::move(raster));
  return absl::OkStatus();
}

absl::StatusOr<DerivedInstance> OutputStage::WriteOutput(const OutputWriter& writer,
                                                         const OutputInput& input, int index) {
  CAMNODE_ASSIGN_OR_RETURN(WrittenOutput output, writer.Write(input, index));
  CAMNODE_ASSIGN_OR_RETURN(BlobInfo blob, blobs_.Put(output.bytes));
  CrashPoint("after_output_blob");
  output.derived.blob_id = std::move(blob.id);
  output.derived.sha256 = std::move(blob.sha256);
  output.derived.size_bytes = blob.size_bytes;
  return std::move(output.derived);
}

absl::StatusOr<std::string> OutputStage::StoreDisplayRaster(const cv::Mat1b& film) {
  if (film.empty()) return std::string();
  CAMNODE_ASSIGN_OR_RETURN(const std::string png,
                           EncodePng(ShrinkToFit(film, display_max_long_side_)));
  CAMNODE_ASSIGN_OR_RETURN(BlobInfo blob, blobs_.Put(png));
  return std::move(blob.id);
}

}  // namespace camnode
