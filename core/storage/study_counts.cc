#include "core/storage/study_counts.h"

namespace camnode {

absl::Status CountInStudy(SqlTransaction& transaction, int64_t instance_id,
                          const StudyChange& change) {
  return transaction
      .Execute(R"sql(
        UPDATE study SET instances = instances + :instances, analyzed = analyzed + :analyzed,
          not_eligible = not_eligible + :not_eligible, pending = pending + :pending,
          buried = buried + :buried
        WHERE study_instance_uid = (SELECT study_instance_uid FROM instance WHERE id = :id))sql",
               {{"instances", change.instances},
                {"analyzed", change.analyzed},
                {"not_eligible", change.not_eligible},
                {"pending", change.pending},
                {"buried", change.buried},
                {"id", instance_id}})
      .status();
}

}  // namespace camnode
