// Named places at which a test may kill the program, as kill -9 would.
//
// The crash tests run the real programs with CAMNODE_CRASH_AT=name and
// CAMNODE_CRASH_ONCE=file set: the first process to reach the point creates the
// file and dies; later ones find the file and pass.  Without the variables a
// point costs one comparison.

#ifndef CAMNODE_CORE_BASE_CRASH_POINT_H_
#define CAMNODE_CORE_BASE_CRASH_POINT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace camnode {

// `name`: snake_case, says between which two steps it lies: "after_blob_rename".
void CrashPoint(absl::string_view name);

// Where the first to die makes its file; "" if no point is armed.  A program that gives away the
// right to write files keeps it there.
std::string CrashPointFolder();

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_CRASH_POINT_H_
