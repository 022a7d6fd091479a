#include "core/storage/event_history.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "core/base/durable_file.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/storage/store_identity.h"

namespace camnode {
namespace {

constexpr size_t kMaxFileBytes = 128;

}  // namespace

absl::StatusOr<std::unique_ptr<EventHistory>> EventHistory::Open(SqlDatabase& database,
                                                                 const std::string& file) {
  UniqueDescriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!descriptor.valid()) return StatusOfErrno(errno, absl::StrCat("cannot open ", file));
  std::array<char, kMaxFileBytes> text;
  const ssize_t size = ::pread(descriptor.get(), text.data(), text.size(), 0);
  if (size < 0) return StatusOfErrno(errno, absl::StrCat("cannot read ", file));
  std::unique_ptr<EventHistory> history(new EventHistory(database, std::move(descriptor)));
  MutexLock lock(&history->mutex_);
  history->told_ = MarkFrom(absl::string_view(text.data(), static_cast<size_t>(size)));
  return history;
}

absl::StatusOr<EventHistory::Look> EventHistory::LookFor(const Mark& told) {
  Look look;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("SELECT store_identity.epoch, event_counter.last_number "
                          "FROM store_identity, event_counter "
                          "WHERE store_identity.id = 1 AND event_counter.id = 1",
                          {}));
    if (rows.size() != 1) {
      return absl::DataLossError("table store_identity or event_counter has lost its row");
    }
    look.position = {rows[0].Text(0), rows[0].Int(1)};
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> event,
        transaction.Query("SELECT analysis_id, job_id, created_ms FROM event WHERE number = :told",
                          {{"told", told.number}}));
    // An event that is not there any more while later ones are says nothing.
    look.knows =
        told.number <= look.position.last_number &&
        (event.empty() || (event[0].Int(0) == told.analysis_id && event[0].Int(1) == told.job_id &&
                           event[0].Int(2) == told.created_ms));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return look;
}

absl::StatusOr<std::string> EventHistory::BeginNextEpoch(const EventPosition& position,
                                                         int64_t told) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string next, NewEpoch());
  const auto begin = [&](SqlTransaction& transaction) {
    return BeginEpoch(transaction, position.epoch, next);
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(begin));
  Log(LogLevel::kWarning, "event_epoch_begun",
      {{LogField::kCount, position.last_number},
       {LogField::kReason,
        absl::StrCat("the database does not know event ", told,
                     ", which watchers were told of: it was restored or has lost commits; they "
                     "are told to begin again")}});
  // Of two who saw it at once, the first began the epoch.
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<StoreIdentity> now, ReadStoreIdentity(database_));
  return now.has_value() ? now->epoch : position.epoch;
}

absl::StatusOr<EventPosition> EventHistory::Check() {
  Mark told;
  {
    MutexLock lock(&mutex_);
    told = told_;
  }
  CAMNODE_ASSIGN_OR_RETURN(Look look, LookFor(told));
  if (!look.knows) {
    CAMNODE_ASSIGN_OR_RETURN(look.position.epoch, BeginNextEpoch(look.position, told.number));
  }
  MutexLock lock(&mutex_);
  if (!look.knows && told_.number == told.number) Remember(Mark());
  epoch_ = look.position.epoch;
  return look.position;
}

std::string EventHistory::epoch() const {
  MutexLock lock(&mutex_);
  return epoch_;
}

void EventHistory::Told(const Event& event) {
  MutexLock lock(&mutex_);
  if (event.number <= told_.number) return;
  Remember({event.number, event.analysis_id, event.job_id, event.created_ms});
}

EventHistory::Mark EventHistory::MarkFrom(absl::string_view text) {
  Mark mark;
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ', absl::SkipWhitespace());
  if (words.size() == 4 && absl::SimpleAtoi(words[0], &mark.number) &&
      absl::SimpleAtoi(words[1], &mark.analysis_id) && absl::SimpleAtoi(words[2], &mark.job_id) &&
      absl::SimpleAtoi(words[3], &mark.created_ms)) {
    return mark;
  }
  return Mark();
}

// In place and of one length: within a sector, so it is never half of each.
void EventHistory::Remember(const Mark& mark) {
  told_ = mark;
  const std::string text = absl::StrFormat("%20d %20d %20d %20d\n", mark.number, mark.analysis_id,
                                           mark.job_id, mark.created_ms);
  // If it fails, this run still remembers.
  const ssize_t written = ::pwrite(file_.get(), text.data(), text.size(), 0);
  static_cast<void>(written);
}

}  // namespace camnode
