// How domain structs lie in rows: names of enumerated values, column lists in the
// order in which a row is read.

#ifndef CAMNODE_CORE_STORAGE_ROW_MAPPING_H_
#define CAMNODE_CORE_STORAGE_ROW_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/domain/analysis.h"
#include "core/domain/delivery.h"
#include "core/domain/derived_instance.h"
#include "core/domain/heatmap.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/event_log.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Names as stored.  Parsing a name nobody writes gives the first value: the rows
// are ours, and a newer program's would have stopped us at the schema version.
absl::string_view MediaTypeName(MediaType type);
absl::string_view OutcomeName(AnalysisOutcome outcome);
AnalysisOutcome ParseOutcome(absl::string_view name);
absl::string_view EventKindName(EventKind kind);
EventKind ParseEventKind(absl::string_view name);

// Empty text gives the empty UID.
Uid UidFromRow(const std::string& text);

// Columns of one table, and the struct from a row that holds them from `first` on.
extern const absl::string_view kJobColumns;
inline constexpr size_t kJobColumnCount = 13;
Job JobFromRow(const SqlRow& row);
extern const absl::string_view kInstanceColumns;
Instance InstanceFromRow(const SqlRow& row, size_t first = 0);
// For an INSERT: sop, series, study, sop_class, transfer_syntax, blob, sha256, size,
// modality, calling and called.
SqlParameters InstanceParameters(const Instance& instance);
extern const absl::string_view kDerivedInstanceColumns;
DerivedInstance DerivedInstanceFromRow(const SqlRow& row, size_t first = 0);
extern const absl::string_view kDeliveryColumns;
Delivery DeliveryFromRow(const SqlRow& row, size_t first = 0);
// How many columns kDerivedInstanceColumns lists.
inline constexpr size_t kDerivedInstanceColumnCount = 12;

// Row-major little-endian float32.
SqlBlob HeatmapBytes(const Heatmap& heatmap);
// Errors: kDataLoss if the size does not fit.
absl::Status HeatmapFromBytes(const std::string& bytes, int64_t rows, int64_t columns,
                              Heatmap& heatmap);

// Names of destinations, one a line.
std::string JoinDestinations(const std::vector<std::string>& names);
std::vector<std::string> SplitDestinations(const std::string& text);

// "CODE: message", cut to what a row should hold, at a whole character.
std::string ErrorText(const absl::Status& status);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_ROW_MAPPING_H_
