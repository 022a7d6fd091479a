// What the operator may set of taking films in: part of the sections `storage` and `grpc`
// of the configuration.

#ifndef CAMNODE_CORE_INTAKE_INGEST_SETTINGS_H_
#define CAMNODE_CORE_INTAKE_INGEST_SETTINGS_H_

#include <cstdint>

namespace camnode {

struct IngestSettings {
  // With less free on the volume of the blobs, instances are refused
  // (kResourceExhausted).  Smaller: the database may run out of disk first.
  int64_t min_free_bytes = int64_t{1} << 30;
  // With more jobs waiting, instances are refused.  Larger: a burst is taken, and
  // waits longer.
  int64_t max_queued_jobs = 100'000;
  // Largest upload, in section `grpc`.  (C-STORE is bounded by
  // AcceptorSettings::max_instance_bytes.)
  int64_t max_upload_bytes = int64_t{256} << 20;
};

// All but max_upload_bytes.
template <typename Reader>
void ReadOptions(Reader&& reader, IngestSettings* settings) {
  reader.Read("min_free_bytes", int64_t{0}, int64_t{1} << 50, &settings->min_free_bytes);
  reader.Read("max_queued_jobs", int64_t{1}, int64_t{1} << 40, &settings->max_queued_jobs);
}

// Of section grpc.
template <typename Reader>
void ReadUploadOptions(Reader&& reader, IngestSettings* settings) {
  reader.Read("max_upload_bytes", int64_t{1} << 10, int64_t{4} << 30, &settings->max_upload_bytes);
}

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_INGEST_SETTINGS_H_
