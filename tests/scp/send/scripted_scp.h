// A storage SCP that gives the answers it is told to, one after the other.

#ifndef CAMNODE_TESTS_SCP_SEND_SCRIPTED_SCP_H_
#define CAMNODE_TESTS_SCP_SEND_SCRIPTED_SCP_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/types/optional.h"
#include "core/base/mutex.h"

namespace camnode {

// Listens on 127.0.0.1, one association at a time, and accepts every context with
// its first transfer syntax.
class ScriptedScp {
 public:
  static constexpr int kHangUp = -1;      // Closes instead of answering.
  static constexpr int kSayNothing = -2;  // Never answers.

  // After the last answer of the list: 0x0000 for ever.
  explicit ScriptedScp(std::vector<int> answers);
  ~ScriptedScp();

  int port() const { return port_; }
  // From now on associations are rejected (transient), or not.
  void RejectAssociations(bool reject) { reject_ = reject; }

  struct Received {
    std::string sop_instance_uid;
    std::string data_set;
  };
  std::vector<Received> received();
  int associations() const { return associations_; }
  // How many objects it has read and not answered.
  int silences() const { return silences_; }

 private:
  void Run();
  void Serve(int socket);
  int NextAnswer();
  std::string Read(int socket, size_t size);
  absl::optional<std::string> ReadPdu(int socket);

  int listen_ = -1;
  int port_ = 0;
  std::atomic<bool> reject_{false};
  std::atomic<bool> stop_{false};
  std::atomic<int> associations_{0};
  std::atomic<int> silences_{0};
  Mutex mutex_;
  std::deque<int> answers_ ABSL_GUARDED_BY(mutex_);
  std::vector<Received> received_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_SCP_SEND_SCRIPTED_SCP_H_
