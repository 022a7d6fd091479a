// A second program on the same data, for the tests: stores films as a node does.
//
//   storage_peer URI DATA_DIRECTORY COUNT PREFIX    stores PREFIX.1, ... PREFIX.COUNT
//
// The bytes of a film are its UID.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/sql/open_database.h"

namespace camnode {
namespace {

absl::Status StoreOne(BlobStore& blobs, InstanceStore& store, const std::string& study, int i) {
  Instance instance;
  CAMNODE_ASSIGN_OR_RETURN(instance.study_instance_uid, Uid::Parse(study));
  CAMNODE_ASSIGN_OR_RETURN(instance.sop_instance_uid, Uid::Parse(absl::StrCat(study, ".", i)));
  CAMNODE_ASSIGN_OR_RETURN(const BlobInfo blob, blobs.Put(instance.sop_instance_uid.text()));
  instance.blob_id = blob.id;
  instance.sha256 = blob.sha256;
  instance.size_bytes = blob.size_bytes;
  JobRequest request;
  request.workflow = "chest";
  CAMNODE_ASSIGN_OR_RETURN(const AddedInstance added, store.Add(instance, request));
  return added.repeat ? blobs.Remove(blob.id) : absl::OkStatus();
}

absl::Status StoreAll(const std::string& uri, const std::string& directory, int count,
                      const std::string& study) {
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<BlobStore> blobs,
                           BlobStore::Open(directory + "/blobs"));
  CAMNODE_ASSIGN_OR_RETURN(const OpenedDatabase opened, OpenDatabase(uri, directory));
  InstanceStore store(*opened.database, SystemClock(), blobs.get());
  for (int i = 1; i <= count; ++i) {
    CAMNODE_RETURN_IF_ERROR(StoreOne(*blobs, store, study, i));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const absl::Status status = camnode::StoreAll(argv[1], argv[2], std::atoi(argv[3]), argv[4]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
