// The log that the recorder writes and tests/durability/record_log.py reads: one
// file for all recorded processes, each record appended whole, in the order in
// which the operations took effect.

#ifndef CAMNODE_TESTS_DURABILITY_RECORD_LOG_H_
#define CAMNODE_TESTS_DURABILITY_RECORD_LOG_H_

#include <cstdint>

namespace camnode {

enum class RecordKind : uint32_t {
  kStart = 1,   // A program begins; path: its executable.
  kCreate = 2,  // A file that was not there; path, inode.
  kMakeDirectory = 3,
  kWrite = 4,         // inode, offset, data.
  kTruncate = 5,      // inode, offset: the new size.
  kRename = 6,        // path to other_path.
  kLink = 7,          // other_path is a new name of inode.
  kRemove = 8,        // path: a file or an empty directory.
  kSyncBegin = 9,     // inode (0: everything), offset: number of the sync.
  kSyncEnd = 10,      // The same; error: 0 or the errno it failed with.
  kSend = 11,         // inode: of the socket; data.  Logged before the bytes leave.
  kMapped = 12,       // inode is written to through memory from now on.
  kUnsupported = 13,  // path: the name of a call that the replayer cannot follow.
};

// Followed by path, other_path and data.
struct RecordHeader {
  uint32_t size_bytes;  // Of the whole record.
  uint32_t kind;
  uint32_t process;
  int32_t error;
  uint64_t inode;
  uint64_t offset;
  uint32_t path_bytes;
  uint32_t other_path_bytes;
};
static_assert(sizeof(RecordHeader) == 40, "record_log.py unpacks it as <IIIiQQII");

}  // namespace camnode

#endif  // CAMNODE_TESTS_DURABILITY_RECORD_LOG_H_
