// The node's answers as text for people.

#ifndef CAMNODE_SERVICES_CTL_TEXT_H_
#define CAMNODE_SERVICES_CTL_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "proto/camnode/v1/admin.pb.h"
#include "proto/camnode/v1/results.pb.h"
#include "proto/camnode/v1/types.pb.h"

namespace camnode {

// Every text ends with a newline.  Times are shown in `zone`.

// "queued", "analysed", "not eligible", "set aside" ...
absl::string_view StateText(v1::InstanceState state);

// Each model's verdict, the agreement, and every object with its deliveries.
std::string AnalysisText(const v1::Analysis& analysis, absl::TimeZone zone);

std::string StudiesText(const std::vector<v1::Study>& studies, absl::TimeZone zone);
std::string FilmsText(const v1::GetStudyResponse& study, absl::TimeZone zone);
std::string BuriedText(const std::vector<v1::InstanceSummary>& films, absl::TimeZone zone);
std::string QuarantinedText(const std::vector<v1::QuarantinedInstance>& films, absl::TimeZone zone);

// One line.
std::string EventText(const v1::WatchAnalysesResponse& event, absl::TimeZone zone);

// `now`: for ages.
std::string NodeStatusText(const v1::GetStatusResponse& status, absl::Time now);

// One line of protobuf's canonical JSON; fields that are zero are written too.
std::string JsonLine(const google::protobuf::Message& message);

// What an adoption did, or would do.
std::string AdoptionText(const v1::AdoptFilmsResponse& answer, bool dry_run);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_TEXT_H_
