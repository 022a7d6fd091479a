// The kinds of object that there are: one line each in output_writers.cc.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_WRITERS_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_WRITERS_H_

#include <memory>
#include <string>
#include <vector>

#include "core/pipeline/model_set.h"
#include "core/pipeline/output_writer.h"

namespace camnode {

struct OutputOptions {
  bool overlays = true;              // One per model: the film with the model's map.
  bool panel = true;                 // The film, every map, and their agreement.
  bool refusal_notice = false;       // For a film that is not analysed: a card with the reason.
  int overlay_max_long_side = 1024;  // Pixels, legend included.
  int panel_max_long_side = 1536;
  bool native_size = false;          // Overlays as large as the film; the panel keeps its limit.
  double alpha = 0.4;                // Opacity of the strongest cell, 0 to 1.
  int series_number_base = 9000;     // Overlays; panel +1, notice +2.
  std::string time_zone = "UTC";     // IANA name.
  std::string device_class = "cpu";  // "cpu" or "cuda".
  std::string program_version;       // Another makes other objects, even of equal bytes.
};

// The writers that `options` asks for, in the order in which their objects are
// stored and sent.
std::vector<std::unique_ptr<OutputWriter>> MakeOutputWriters(const OutputOptions& options,
                                                             const ModelSet& models);

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_OUTPUT_WRITERS_H_
