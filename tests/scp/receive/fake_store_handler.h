// A StoreHandler that remembers what it is given and answers as told.

#ifndef CAMNODE_TESTS_SCP_RECEIVE_FAKE_STORE_HANDLER_H_
#define CAMNODE_TESTS_SCP_RECEIVE_FAKE_STORE_HANDLER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"
#include "core/intake/store_handler.h"

namespace camnode {

class FakeStoreHandler final : public StoreHandler {
 public:
  struct Stored {
    StoreRequest request;
    std::string bytes;
  };

  // The next instance only: refused by Admit, by its first Append, by Finish.
  void RefuseNextAdmit(absl::Status why) { Set(next_admit_, std::move(why)); }
  void RefuseNextAppend(absl::Status why) { Set(next_append_, std::move(why)); }
  void RefuseNextFinish(absl::Status why) { Set(next_finish_, std::move(why)); }

  absl::StatusOr<std::unique_ptr<InstanceSink>> Admit(const StoreRequest& request) override {
    MutexLock lock(&mutex_);
    absl::Status admit = std::exchange(next_admit_, absl::OkStatus());
    ++admissions_;
    if (!admit.ok()) return admit;
    return std::make_unique<Sink>(*this, request);
  }

  // How often Admit was called.
  int admissions() {
    MutexLock lock(&mutex_);
    return admissions_;
  }

  std::vector<Stored> stored() {
    MutexLock lock(&mutex_);
    return stored_;
  }

 private:
  class Sink final : public InstanceSink {
   public:
    Sink(FakeStoreHandler& handler, const StoreRequest& request)
        : handler_(handler), stored_{request, ""} {}

    absl::Status Append(absl::string_view bytes) override {
      MutexLock lock(&handler_.mutex_);
      stored_.bytes.append(bytes.data(), bytes.size());
      return std::exchange(handler_.next_append_, absl::OkStatus());
    }
    absl::Status Finish() override {
      MutexLock lock(&handler_.mutex_);
      absl::Status finish = std::exchange(handler_.next_finish_, absl::OkStatus());
      if (finish.ok()) handler_.stored_.push_back(std::move(stored_));
      return finish;
    }

   private:
    FakeStoreHandler& handler_;
    Stored stored_;
  };

  void Set(absl::Status& field, absl::Status why) {
    MutexLock lock(&mutex_);
    field = std::move(why);
  }

  Mutex mutex_;
  absl::Status next_admit_ ABSL_GUARDED_BY(mutex_);
  absl::Status next_append_ ABSL_GUARDED_BY(mutex_);
  absl::Status next_finish_ ABSL_GUARDED_BY(mutex_);
  int admissions_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Stored> stored_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_SCP_RECEIVE_FAKE_STORE_HANDLER_H_
