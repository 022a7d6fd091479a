#include "core/storage/result_rows.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/delivery.h"
#include "core/storage/id_list.h"
#include "core/storage/row_mapping.h"

namespace camnode {
namespace {

// Followed, in ReadAnalyses, by the columns of the instance.
constexpr absl::string_view kAnalysisColumns =
    "analysis.id, analysis.instance_id, analysis.workflow, analysis.model_set, "
    "analysis.threshold_set, analysis.outcome, analysis.reason_code, analysis.reason, "
    "analysis.agreement_models, analysis.agreement_overlap, analysis.agreement_distance, "
    "analysis.agreement_correlation, analysis.agreement_sentence, analysis.display_blob_id, "
    "analysis.started_ms, analysis.finished_ms, analysis.decode_ms, analysis.render_ms, "
    "analysis.flags, analysis.job_id, analysis.agreement_overlap_percentile, "
    "analysis.agreement_distance_percentile, analysis.agreement_correlation_percentile";
constexpr size_t kAnalysisColumnCount = 23;

// One line a flag: the code, a space, the sentence.
std::string FlagsText(const std::vector<AnalysisFlag>& flags) {
  std::string text;
  for (const AnalysisFlag& flag : flags) absl::StrAppend(&text, flag.code, " ", flag.text, "\n");
  return text;
}

std::vector<AnalysisFlag> FlagsFromText(absl::string_view text) {
  std::vector<AnalysisFlag> flags;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> flag = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    flags.push_back({flag.first, flag.second});
  }
  return flags;
}

Analysis AnalysisFromRow(const SqlRow& row) {
  Analysis analysis;
  analysis.id = row.Int(0);
  analysis.instance_id = row.Int(1);
  analysis.workflow = row.Text(2);
  analysis.model_set = row.Text(3);
  analysis.threshold_set = row.Text(4);
  analysis.outcome = ParseOutcome(row.Text(5));
  analysis.reason_code = row.Text(6);
  analysis.reason = row.Text(7);
  analysis.agreement.models = static_cast<int>(row.Int(8));
  analysis.agreement.overlap = row.Real(9);
  analysis.agreement.distance = row.Real(10);
  analysis.agreement.correlation = row.Real(11);
  analysis.agreement.sentence = row.Text(12);
  analysis.display_blob_id = row.Text(13);
  analysis.started_ms = row.Int(14);
  analysis.finished_ms = row.Int(15);
  analysis.decode_ms = row.Real(16);
  analysis.render_ms = row.Real(17);
  analysis.flags = FlagsFromText(row.Text(18));
  analysis.job_id = row.Int(19);
  if (!row.IsNull(20)) {
    analysis.agreement.percentiles = AgreementPercentiles{row.Real(20), row.Real(21), row.Real(22)};
  }
  return analysis;
}

absl::Status InsertModelResult(SqlTransaction& transaction, int64_t analysis_id, int number,
                               const ModelResult& result) {
  const cv::Rect2d& region = result.placement.region;
  const OutlierScore outlier = result.outlier.value_or(OutlierScore());
  return transaction
      .Execute(R"sql(
        INSERT INTO model_result (analysis_id, number, model, version, weights_sha256, label,
          logit, probability, threshold, positive, heatmap, heatmap_rows, heatmap_columns,
          heatmap_peak, film_width, film_height, region_x, region_y, region_width, region_height,
          duration_ms, outlier_distance, outlier_threshold)
        VALUES (:analysis, :number, :model, :version, :weights, :label, :logit, :probability,
          :threshold, :positive, :heatmap, :rows, :columns, :peak, :film_width, :film_height,
          :region_x, :region_y, :region_width, :region_height, :duration,
          :outlier_distance, :outlier_threshold))sql",
               {{"analysis", analysis_id},
                {"number", number},
                {"model", result.model},
                {"version", result.version},
                {"weights", result.weights_sha256},
                {"label", result.finding.label},
                {"logit", double{result.finding.logit}},
                {"probability", result.finding.probability},
                {"threshold", result.finding.threshold},
                {"positive", result.finding.positive},
                {"heatmap", HeatmapBytes(result.heatmap)},
                {"rows", result.heatmap.values.rows},
                {"columns", result.heatmap.values.cols},
                {"peak", double{result.heatmap.peak}},
                {"film_width", result.placement.film.width},
                {"film_height", result.placement.film.height},
                {"region_x", region.x},
                {"region_y", region.y},
                {"region_width", region.width},
                {"region_height", region.height},
                {"duration", result.duration_ms},
                {"outlier_distance", outlier.distance},
                {"outlier_threshold", outlier.threshold}})
      .status();
}

absl::StatusOr<ModelResult> ModelResultFromRow(const SqlRow& row) {
  ModelResult result;
  result.model = row.Text(0);
  result.version = row.Text(1);
  result.weights_sha256 = row.Text(2);
  result.finding.label = row.Text(3);
  result.finding.logit = static_cast<float>(row.Real(4));
  result.finding.probability = row.Real(5);
  result.finding.threshold = row.Real(6);
  result.finding.positive = row.Int(7) != 0;
  CAMNODE_RETURN_IF_ERROR(HeatmapFromBytes(row.Text(8), row.Int(9), row.Int(10), result.heatmap));
  result.heatmap.peak = static_cast<float>(row.Real(11));
  result.placement.film = cv::Size(static_cast<int>(row.Int(12)), static_cast<int>(row.Int(13)));
  result.placement.region = cv::Rect2d(row.Real(14), row.Real(15), row.Real(16), row.Real(17));
  result.duration_ms = row.Real(18);
  // A threshold is positive; 0 says that there was none.
  if (row.Real(20) > 0.0) result.outlier = OutlierScore{row.Real(19), row.Real(20)};
  return result;
}

// What belongs to several analyses or objects, by the id of each.
template <typename Value>
using ById = std::map<int64_t, std::vector<Value>>;

absl::StatusOr<ById<ModelResult>> ReadModelResults(SqlTransaction& transaction,
                                                   const std::vector<int64_t>& analysis_ids) {
  const SqlDialect dialect = transaction.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          absl::StrCat("SELECT model, version, weights_sha256, label, logit, probability, "
                       "threshold, positive, heatmap, heatmap_rows, heatmap_columns, "
                       "heatmap_peak, film_width, film_height, region_x, region_y, "
                       "region_width, region_height, duration_ms, outlier_distance, "
                       "outlier_threshold, analysis_id FROM model_result WHERE ",
                       IsOneOf(dialect, "analysis_id", "analyses"),
                       " ORDER BY analysis_id, number"),
          {{"analyses", IdList(dialect, analysis_ids)}}));
  ById<ModelResult> results;
  for (const SqlRow& row : rows) {
    CAMNODE_ASSIGN_OR_RETURN(ModelResult result, ModelResultFromRow(row));
    results[row.Int(21)].push_back(std::move(result));
  }
  return results;
}

absl::StatusOr<ById<Delivery>> ReadDeliveries(SqlTransaction& transaction,
                                              const std::vector<int64_t>& derived_ids) {
  const SqlDialect dialect = transaction.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(absl::StrCat("SELECT ", kDeliveryColumns, " FROM delivery WHERE ",
                                     IsOneOf(dialect, "derived_instance_id", "derived"),
                                     " ORDER BY derived_instance_id, destination"),
                        {{"derived", IdList(dialect, derived_ids)}}));
  ById<Delivery> deliveries;
  for (const SqlRow& row : rows) {
    Delivery delivery = DeliveryFromRow(row);
    deliveries[delivery.derived_instance_id].push_back(std::move(delivery));
  }
  return deliveries;
}

absl::StatusOr<std::map<int64_t, DerivedInstance>> ReadDerivedInstances(
    SqlTransaction& transaction, const std::vector<int64_t>& ids) {
  const SqlDialect dialect = transaction.dialect();
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query(absl::StrCat("SELECT ", kDerivedInstanceColumns,
                                                          " FROM derived_instance WHERE ",
                                                          IsOneOf(dialect, "id", "ids")),
                                             {{"ids", IdList(dialect, ids)}}));
  std::map<int64_t, DerivedInstance> derived;
  for (const SqlRow& row : rows) derived.emplace(row.Int(0), DerivedInstanceFromRow(row));
  return derived;
}

// In three statements, because a join is the planner's to get wrong.
absl::StatusOr<ById<StoredDerivedInstance>> ReadOutputs(SqlTransaction& transaction,
                                                        const std::vector<int64_t>& analysis_ids) {
  const SqlDialect dialect = transaction.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(absl::StrCat("SELECT analysis_id, derived_instance_id FROM analysis_output "
                                     "WHERE ",
                                     IsOneOf(dialect, "analysis_id", "analyses"),
                                     " ORDER BY analysis_id, number"),
                        {{"analyses", IdList(dialect, analysis_ids)}}));
  std::vector<int64_t> derived_ids;
  for (const SqlRow& row : rows) derived_ids.push_back(row.Int(1));
  CAMNODE_ASSIGN_OR_RETURN(const auto derived, ReadDerivedInstances(transaction, derived_ids));
  CAMNODE_ASSIGN_OR_RETURN(ById<Delivery> deliveries, ReadDeliveries(transaction, derived_ids));
  ById<StoredDerivedInstance> outputs;
  for (const SqlRow& row : rows) {
    StoredDerivedInstance& output = outputs[row.Int(0)].emplace_back();
    output.derived = derived.at(row.Int(1));
    output.deliveries = deliveries[row.Int(1)];
  }
  return outputs;
}

}  // namespace

absl::StatusOr<int64_t> InsertAnalysis(SqlTransaction& transaction, int64_t job_id,
                                       const Analysis& analysis) {
  absl::optional<double> overlap;
  absl::optional<double> distance;
  absl::optional<double> correlation;
  if (const auto& percentiles = analysis.agreement.percentiles; percentiles.has_value()) {
    overlap = percentiles->overlap;
    distance = percentiles->distance;
    correlation = percentiles->correlation;
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> inserted,
                           transaction.Query(R"sql(
        INSERT INTO analysis (job_id, instance_id, workflow, model_set, threshold_set, outcome,
          reason_code, reason, agreement_models, agreement_overlap, agreement_distance,
          agreement_correlation, agreement_sentence, display_blob_id, started_ms, finished_ms,
          decode_ms, render_ms, flags, agreement_overlap_percentile,
          agreement_distance_percentile, agreement_correlation_percentile)
        VALUES (:job, :instance, :workflow, :model_set, :threshold_set, :outcome, :reason_code,
          :reason, :models, :overlap, :distance, :correlation, :sentence, :display, :started,
          :finished, :decode, :render, :flags, :overlap_percentile, :distance_percentile,
          :correlation_percentile)
        RETURNING id)sql",
                                             {{"job", job_id},
                                              {"instance", analysis.instance_id},
                                              {"workflow", analysis.workflow},
                                              {"model_set", analysis.model_set},
                                              {"threshold_set", analysis.threshold_set},
                                              {"outcome", OutcomeName(analysis.outcome)},
                                              {"reason_code", analysis.reason_code},
                                              {"reason", analysis.reason},
                                              {"models", analysis.agreement.models},
                                              {"overlap", analysis.agreement.overlap},
                                              {"distance", analysis.agreement.distance},
                                              {"correlation", analysis.agreement.correlation},
                                              {"sentence", analysis.agreement.sentence},
                                              {"display", analysis.display_blob_id},
                                              {"started", analysis.started_ms},
                                              {"finished", analysis.finished_ms},
                                              {"decode", analysis.decode_ms},
                                              {"render", analysis.render_ms},
                                              {"flags", FlagsText(analysis.flags)},
                                              {"overlap_percentile", overlap},
                                              {"distance_percentile", distance},
                                              {"correlation_percentile", correlation}}));
  const int64_t analysis_id = inserted.at(0).Int(0);
  int number = 0;
  for (const ModelResult& result : analysis.results) {
    CAMNODE_RETURN_IF_ERROR(InsertModelResult(transaction, analysis_id, number++, result));
  }
  return analysis_id;
}

absl::StatusOr<int64_t> InsertOutput(SqlTransaction& transaction, int64_t analysis_id, int number,
                                     const DerivedInstance& derived) {
  CAMNODE_ASSIGN_OR_RETURN(
      std::vector<SqlRow> row,
      transaction.Query(R"sql(
        INSERT INTO derived_instance (analysis_id, kind, model, sop_instance_uid, sop_class_uid,
          series_instance_uid, study_instance_uid, transfer_syntax_uid, blob_id, sha256,
          size_bytes)
        VALUES (:analysis, :kind, :model, :sop, :sop_class, :series, :study, :transfer_syntax,
          :blob, :sha256, :size)
        ON CONFLICT (sop_instance_uid) DO NOTHING RETURNING id)sql",
                        {{"analysis", analysis_id},
                         {"kind", derived.kind},
                         {"model", derived.model},
                         {"sop", derived.sop_instance_uid.text()},
                         {"sop_class", derived.sop_class_uid.text()},
                         {"series", derived.series_instance_uid.text()},
                         {"study", derived.study_instance_uid.text()},
                         {"transfer_syntax", derived.transfer_syntax_uid.text()},
                         {"blob", derived.blob_id},
                         {"sha256", derived.sha256},
                         {"size", derived.size_bytes}}));
  if (row.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(
        row, transaction.Query("SELECT id FROM derived_instance WHERE sop_instance_uid = :sop",
                               {{"sop", derived.sop_instance_uid.text()}}));
  }
  if (row.empty()) return absl::UnavailableError("a derived instance vanished");
  const int64_t derived_id = row[0].Int(0);
  CAMNODE_RETURN_IF_ERROR(
      transaction
          .Execute("INSERT INTO analysis_output (analysis_id, number, derived_instance_id) "
                   "VALUES (:analysis, :number, :derived)",
                   {{"analysis", analysis_id}, {"number", number}, {"derived", derived_id}})
          .status());
  return derived_id;
}

absl::StatusOr<std::vector<StoredAnalysis>> ReadAnalyses(SqlTransaction& transaction,
                                                         absl::string_view rest,
                                                         const SqlParameters& parameters) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(absl::StrCat("SELECT ", kAnalysisColumns, ", ", kInstanceColumns,
                                     " FROM analysis JOIN instance "
                                     "ON instance.id = analysis.instance_id ",
                                     rest),
                        parameters));
  std::vector<StoredAnalysis> analyses;
  std::vector<int64_t> ids;
  for (const SqlRow& row : rows) {
    StoredAnalysis& stored = analyses.emplace_back();
    stored.analysis = AnalysisFromRow(row);
    stored.instance = InstanceFromRow(row, kAnalysisColumnCount);
    ids.push_back(stored.analysis.id);
  }
  // As many statements for a page as for one.
  CAMNODE_ASSIGN_OR_RETURN(ById<ModelResult> results, ReadModelResults(transaction, ids));
  CAMNODE_ASSIGN_OR_RETURN(ById<StoredDerivedInstance> outputs, ReadOutputs(transaction, ids));
  for (StoredAnalysis& stored : analyses) {
    stored.analysis.results = std::move(results[stored.analysis.id]);
    stored.derived = std::move(outputs[stored.analysis.id]);
  }
  return analyses;
}

}  // namespace camnode
