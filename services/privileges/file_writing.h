// Which files a process may still change: Landlock.

#ifndef CAMNODE_SERVICES_PRIVILEGES_FILE_WRITING_H_
#define CAMNODE_SERVICES_PRIVILEGES_FILE_WRITING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

// Everything that may be written.  All of it must be there; folders count with all below them.
struct WritableFiles {
  // Written and cut, never made or removed: another file of the same name is not meant.
  std::vector<std::string> files;
  // Files in them are made, written, removed, and renamed or linked to elsewhere.
  std::vector<std::string> work_folders;
  // What was made in a work folder may be renamed or linked into them, under a new name.  Files
  // that are there can be neither written, cut, replaced, renamed nor removed.
  std::vector<std::string> archive_folders;
  // Sockets in them are made, and anything removed.
  std::vector<std::string> socket_folders;
  // Devices in them are written to: a GPU's are.
  std::vector<std::string> device_folders;
};

// From now on this thread, and every one that it starts, changes no file that is not named: no
// write, no name made, renamed or removed anywhere else.  What is open already stays open, and
// rights and times of files are not meant: see call_filter.h, which also stands in for what
// Landlock lacked before Linux 6.2 (truncate by name).  Returns the version of the
// kernel's Landlock, 2 or more.
//
// REQUIRES: ForbidNewPrivileges, and no other thread.
// Errors: kUnimplemented if the kernel has no Landlock, or it is off or too old (what then is
// possible, the caller decides); StatusOfErrno's with the path for one that is not there.
absl::StatusOr<int> ForbidOtherWriting(const WritableFiles& writable);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_PRIVILEGES_FILE_WRITING_H_
