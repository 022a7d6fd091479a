// How many files and sockets this process may have open at one time.

#ifndef CAMNODE_CORE_BASE_DESCRIPTOR_LIMIT_H_
#define CAMNODE_CORE_BASE_DESCRIPTOR_LIMIT_H_

namespace camnode {

// Raises the soft limit (`ulimit -n`; 1024 under systemd) to the hard one, but to no more than
// 65,536, and returns what it is then.  What we link waits by poll(2), never by select(2),
// which ends at 1,024.
int RaiseDescriptorLimit();

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_DESCRIPTOR_LIMIT_H_
