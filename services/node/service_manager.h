// Tells systemd how the node is (Type=notify, sd_notify(3)); silent where nobody listens.

#ifndef CAMNODE_SERVICES_NODE_SERVICE_MANAGER_H_
#define CAMNODE_SERVICES_NODE_SERVICE_MANAGER_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace camnode {

// Thread-safe.  Says nothing of what fails: a service manager that does not hear from
// us has its own deadlines.
class ServiceManager {
 public:
  // The one that started this process ($NOTIFY_SOCKET), or none.  The variable is taken out of the
  // environment: programs that we start are not to speak for us.
  static ServiceManager FromEnvironment();
  // `socket`: a path, or "@" and a name; "": nobody listens.
  explicit ServiceManager(std::string socket) : socket_(std::move(socket)) {}

  void SayReady() const { Say("READY=1"); }
  void SayStopping() const { Say("STOPPING=1"); }
  // Restarts the time of its watchdog (WatchdogSec=).
  void SayAlive() const { Say("WATCHDOG=1"); }

 private:
  void Say(absl::string_view state) const;

  std::string socket_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_SERVICE_MANAGER_H_
