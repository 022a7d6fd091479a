// The kinds of object that there are: one line each in output_writers.cc.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_WRITERS_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_WRITERS_H_

#include <memory>
#include <string>
#include <vector>

#include "core/pipeline/model_set.h"
#include "core/pipeline/output_settings.h"
#include "core/pipeline/output_writer.h"

namespace camnode {

struct OutputOptions {
  OutputSettings settings;
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
