// Whether the events are still those that watchers were told of.
//
// A watcher resumes by the number of the last event it saw.  A database that was restored,
// or a standby that lost commits, gives numbers out again that say something else, and a
// watcher from before would miss events without a word.  So the node remembers the last event
// it told anybody of in a file beside the database, and when the database does not know that
// event any more, the events get a new epoch: what was told in another one is refused.

#ifndef CAMNODE_CORE_STORAGE_EVENT_HISTORY_H_
#define CAMNODE_CORE_STORAGE_EVENT_HISTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/base/unique_descriptor.h"
#include "core/storage/event_log.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// How far the events of an epoch have come.
struct EventPosition {
  std::string epoch;
  int64_t last_number = 0;
};

// Thread-safe.
class EventHistory {
 public:
  // `file`: the node's own memory of what it told.  One that cannot be read says nothing.
  // It is not synced: a power cut may cost the node the memory of the last events, and then
  // only a database that lost just those passes for the old one.
  // Borrows `database`.
  // Errors: StatusOfErrno's if the file cannot be made.
  static absl::StatusOr<std::unique_ptr<EventHistory>> Open(SqlDatabase& database,
                                                            const std::string& file);

  // Where the events are now, after a new epoch if the one told last is not among them.
  // Errors: those of SqlDatabase.
  absl::StatusOr<EventPosition> Check();

  // The epoch that the last Check found, whoever called it.
  std::string epoch() const;

  // Before anybody is told of the event.
  void Told(const Event& event);

 private:
  // What is remembered of an event: enough to know it again.
  struct Mark {
    int64_t number = 0;
    int64_t analysis_id = 0;
    int64_t job_id = 0;
    int64_t created_ms = 0;
  };

  // The position, and whether the event told last is among those of the database.
  struct Look {
    EventPosition position;
    bool knows = false;
  };

  EventHistory(SqlDatabase& database, UniqueDescriptor file)
      : database_(database), file_(std::move(file)) {}

  static Mark MarkFrom(absl::string_view text);
  absl::StatusOr<Look> LookFor(const Mark& told);
  // The new epoch, in the place of the position's.
  absl::StatusOr<std::string> BeginNextEpoch(const EventPosition& position, int64_t told);
  void Remember(const Mark& mark) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SqlDatabase& database_;
  const UniqueDescriptor file_;
  mutable Mutex mutex_;
  Mark told_ ABSL_GUARDED_BY(mutex_);
  std::string epoch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_EVENT_HISTORY_H_
