// Which system calls a process may still make: seccomp.

#ifndef CAMNODE_SERVICES_PRIVILEGES_CALL_FILTER_H_
#define CAMNODE_SERVICES_PRIVILEGES_CALL_FILTER_H_

#include "absl/status/status.h"

namespace camnode {

// What is needed beside memory, threads, files and the time.
struct CallFilterNeeds {
  // A server is called by TCP or a Unix socket, again after each loss of the connection.
  bool database_server = false;
  // A GPU's driver is spoken to.  Untried.
  bool gpu = false;
};

// From now on, in all threads there are and will be:
//
//   ended by SIGSYS   running a program, tracing, loading code into the kernel and the like:
//                     nothing here does that, so somebody else is at work
//   EPERM             another process, a new socket (unless needed), signals to others, rights,
//                     owners and times of files, mounting, keys, whatever is not listed
//   ENOSYS            what glibc or SQLite try first on newer kernels, and fall back from
//   as before         the rest; but no open(2) that cuts a file
//
// Open descriptors, sockets among them, go on working.  Cannot be taken back.
// Errors: kUnimplemented if the kernel has no seccomp filters; kInternal.
absl::Status FilterCalls(const CallFilterNeeds& needs);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_PRIVILEGES_CALL_FILTER_H_
