// What `camnodectl doctor` makes of a node's own report: is each part well, and
// what to do if not.  Pure functions of the answers.

#ifndef CAMNODE_SERVICES_CTL_DOCTOR_H_
#define CAMNODE_SERVICES_CTL_DOCTOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/camnode/v1/admin.pb.h"
#include "services/ctl/health.h"

namespace camnode {

// The parts that the node reports to grpc.health.v1 (services/node/health_reporter.h);
// "": the node as a whole.
inline constexpr absl::string_view kHealthParts[] = {"",
                                                     "camnode.storage",
                                                     "camnode.dicom",
                                                     "camnode.worker",
                                                     "camnode.outbox",
                                                     "camnode.sweep",
                                                     "camnode.v1.ResultsService"};

struct AskedPart {
  std::string part;
  Health health = Health::kUnknown;
};

struct Diagnosis {
  enum class Verdict { kWell, kLook, kIll };  // kLook: works, but a human should look.
  Verdict verdict = Verdict::kWell;
  std::string part;
  std::string sentence;
};

// A worker whose heartbeat is older is called silent.
constexpr absl::Duration kMaxHeartbeatAge = absl::Seconds(30);
// A film that has waited longer means that the node cannot keep up.
constexpr absl::Duration kMaxQueueAge = absl::Minutes(5);
// Warn well before C-STORE is refused (storage.min_free_bytes, 1 GiB by default).
constexpr int64_t kComfortableFreeBytes = int64_t{5} << 30;

std::vector<Diagnosis> Diagnose(const v1::GetStatusResponse& status,
                                const std::vector<AskedPart>& parts, absl::Time now);

// True if nothing is kIll.
bool AllWell(const std::vector<Diagnosis>& diagnoses);

std::string DiagnosesText(const std::vector<Diagnosis>& diagnoses);
// {"healthy":true,"parts":[{"part":"queue","verdict":"well","sentence":"..."}]}
std::string DiagnosesJson(const std::vector<Diagnosis>& diagnoses);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_DOCTOR_H_
