// A second program on the same database, for the tests: writes until it is told
// how often, then says how many.
//
//   storage_peer URI DATA_DIRECTORY COUNT PREFIX    adds COUNT films PREFIX.1, ...

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/storage/instance_store.h"
#include "core/storage/open_database.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  absl::StatusOr<camnode::OpenedDatabase> opened = camnode::OpenDatabase(argv[1], argv[2]);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    return 1;
  }
  camnode::InstanceStore store(*opened->database, camnode::SystemClock());
  for (int i = 1; i <= std::atoi(argv[3]); ++i) {
    camnode::Instance instance;
    instance.sop_instance_uid = camnode::Uid::Parse(absl::StrCat(argv[4], ".", i)).value();
    instance.study_instance_uid = camnode::Uid::Parse(argv[4]).value();
    instance.sha256 = camnode::Sha256Hex(instance.sop_instance_uid.text());
    instance.blob_id = instance.sha256.substr(0, 32);
    camnode::JobRequest request;
    request.workflow = "chest";
    const absl::Status status = store.Add(instance, request).status();
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return 1;
    }
  }
  return 0;
}
