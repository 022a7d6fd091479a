// What the operator may set of the node as a process.

#ifndef CAMNODE_SERVICES_SETTINGS_NODE_SETTINGS_H_
#define CAMNODE_SERVICES_SETTINGS_NODE_SETTINGS_H_

#include "absl/time/time.h"

namespace camnode {

struct NodeSettings {
  // From the stop signal to the end of the process, whatever hangs.  Work in hand has a part
  // of it to end in.
  absl::Duration stop_timeout = absl::Seconds(25);
};

template <typename Reader>
void ReadOptions(Reader&& reader, NodeSettings* settings) {
  reader.Read("stop_timeout_ms", absl::Hours(1), &settings->stop_timeout);
}

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SETTINGS_NODE_SETTINGS_H_
