// Rights that a process gives away for good, and who may run it.
//
// Called first in main, before there is a second thread: Linux keeps most of this for
// each thread, and a thread begins with what the one has that starts it.

#ifndef CAMNODE_SERVICES_PRIVILEGES_PROCESS_RIGHTS_H_
#define CAMNODE_SERVICES_PRIVILEGES_PROCESS_RIGHTS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace camnode {

// OK unless root runs this program and `allow_root` is false.
// Errors: kPermissionDenied, one sentence that says what to do.
absl::Status CheckUser(bool allow_root);

// A crash writes this process's memory, with its films and passwords, nowhere: neither into a core
// file nor to a program that collects them.  Also, no other process of the same user may
// read that memory (ptrace, /proc/PID/mem).
// Errors: kInternal.
absl::Status ForbidCoreDumps();

// As ForbidCoreDumps, but for the collectors, so that a debugger can be attached.
// Errors: kInternal.
absl::Status ForbidCoreFiles();

// Running a program gives no more rights from now on, whatever its set-user-ID bit says.
// Errors: kInternal.
absl::Status ForbidNewPrivileges();

// Of root's capabilities, if root runs this, only one stays: to read and write whosever files,
// since the data directory and models may lie in a person's private folder.
// Errors: kInternal.
absl::Status DropCapabilities();

// At most so many bytes of private memory that can be written, in all threads; beyond them
// an allocation fails.  0: no bound of ours.  A lower one that was there before stays.
// Errors: kInternal.
absl::Status LimitMemory(int64_t max_bytes);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_PRIVILEGES_PROCESS_RIGHTS_H_
