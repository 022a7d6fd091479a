#include "services/node/stop_sequence.h"

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/log.h"
#include "core/base/mutex.h"

namespace camnode {

// Lives as long as the last step.
struct StopSequence::Running {
  Mutex mutex;
  CondVar ended;
  std::set<std::string> names ABSL_GUARDED_BY(mutex);
};

StopSequence::StopSequence(absl::Duration limit) : limit_(limit), end_(limit) {}

void StopSequence::Run(double share, std::vector<Step> steps) {
  const Deadline deadline(std::min(share * limit_, end_.Remaining()));
  const auto running = std::make_shared<Running>();
  {
    MutexLock lock(&running->mutex);
    for (const Step& step : steps) running->names.insert(step.name);
  }
  for (Step& step : steps) {
    std::thread([running, step = std::move(step)] {
      step.run();
      MutexLock lock(&running->mutex);
      running->names.erase(step.name);
      running->ended.SignalAll();
    }).detach();
  }
  MutexLock lock(&running->mutex);
  while (!running->names.empty() && !deadline.Expired()) {
    running->ended.WaitWithTimeout(&running->mutex, deadline.Remaining());
  }
  for (const std::string& name : running->names) {
    left_behind_.push_back(name);
    Log(LogLevel::kError, "stop_step_hangs",
        {{LogField::kReason,
          absl::StrCat(name, " did not stop in time; the node stops without it")}});
  }
}

void StopSequence::GiveUp() const {
  Log(LogLevel::kError, "node_stop_gave_up",
      {{LogField::kReason,
        absl::StrCat(
            "these did not stop within stop_timeout_ms: ", absl::StrJoin(left_behind_, ", "),
            "; the process ends without them; what was acknowledged is on disk, and "
            "what was under way is done again after the next start")}});
  ExitAtOnce(1);
}

}  // namespace camnode
