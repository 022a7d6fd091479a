// The waiting half of every doorbell: threads of this program.

#ifndef CAMNODE_CORE_STORAGE_SQL_LOCAL_DOORBELL_H_
#define CAMNODE_CORE_STORAGE_SQL_LOCAL_DOORBELL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/sql/doorbell.h"

namespace camnode {

// Rings in this program only.  Thread-safe.
class LocalDoorbell final : public Doorbell {
 public:
  LocalDoorbell();

  void Ring(absl::string_view topic) override;
  bool Wait(absl::string_view topic, absl::Duration timeout) override;
  void Stop() override;

 private:
  const uint64_t id_;  // Of this object, among all there ever were.

  Mutex mutex_;
  CondVar rang_;
  // Rings so far.  A topic that came from outside and that nobody knows is
  // dropped, so the map stays small.
  std::map<std::string, uint64_t, std::less<>> rings_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_LOCAL_DOORBELL_H_
