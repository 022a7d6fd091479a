// What the operator may set of the worker processes: section `worker` of the
// configuration, with core/pipeline/pipeline_settings.h.

#ifndef CAMNODE_SERVICES_SETTINGS_WORKER_SETTINGS_H_
#define CAMNODE_SERVICES_SETTINGS_WORKER_SETTINGS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace camnode {

struct WorkerSettings {
  bool supervise = true;       // False: systemd or a pod starts camnode-worker.
  int count = 1;               // One per device; on a CPU more than one only share the cores.
  std::string device = "cpu";  // Or "cuda:0"; "auto": the first GPU, if there is one.
  int threads = 0;             // 0: as many as there are cores.
  int niceness = 5;            // nice(2) of a CPU's, so that reception comes first.
  // Whoever takes over the decoder by a film can do no more than an analysis does.  False: for a
  // debugger, or where a GPU's driver does not live with it.
  bool confined = true;
  // Memory of one worker that can be written (16 GiB); 0: no bound.  Less: a large film is
  // set aside.  More: another program may be killed for want of memory first.
  int64_t max_memory_bytes = int64_t{16} << 30;
  // A worker that says nothing to its node for so long, from its start on, is killed and
  // started again.  Shorter than loading its libraries takes: it never comes up.
  absl::Duration max_silence = absl::Minutes(1);
};

// The options that are no texts.
template <typename Reader>
void ReadOptions(Reader&& reader, WorkerSettings* settings) {
  reader.Read("supervise", &settings->supervise);
  reader.Read("count", 1, 64, &settings->count);
  reader.Read("threads", 0, 1024, &settings->threads);
  reader.Read("niceness", 0, 19, &settings->niceness);
  reader.Read("confined", &settings->confined);
  reader.Read("max_memory_bytes", int64_t{0}, int64_t{1} << 46, &settings->max_memory_bytes);
  reader.Read("max_silence_ms", absl::Hours(24), &settings->max_silence);
}

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SETTINGS_WORKER_SETTINGS_H_
