// What the models said about one instance.

#ifndef CAMNODE_CORE_DOMAIN_ANALYSIS_H_
#define CAMNODE_CORE_DOMAIN_ANALYSIS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/domain/finding.h"
#include "core/domain/heatmap.h"
#include "core/domain/placement.h"

namespace camnode {

// How unlike its training films a model's features of this film are; see
// core/inference/outlier/outlier_model.h.
struct OutlierScore {
  double distance = 0.0;
  double threshold = 0.0;  // Positive.

  bool IsOutlier() const { return distance > threshold; }
};

struct ModelResult {
  std::string model;           // "resnet18"
  std::string version;         // "1"
  std::string weights_sha256;  // Digest of the weights that were run.
  Finding finding;
  Heatmap heatmap;
  Placement placement;
  absl::optional<OutlierScore> outlier;  // Absent: the model has no outlier model.
  double duration_ms = 0.0;              // Network and map; in a batch, its share.
};

// Of 100 comparisons between maps of different films, how many are less alike than
// these maps of one film; see core/inference/maps/agreement.h.
struct AgreementPercentiles {
  double overlap = 0.0;      // Share of them that overlap less.
  double distance = 0.0;     // Whose centres lie farther apart.
  double correlation = 0.0;  // That correlate less.
};

// Did the models use the same area?  Every value is the mean over the pairs of
// models; see core/inference/maps/agreement.h for the formulae.
struct Agreement {
  int models = 0;            // Maps compared; fewer than two: the rest is meaningless.
  double overlap = 0.0;      // Intersection over union of the half-mass regions, 0 to 1.
  double distance = 0.0;     // Between centres of mass, in film widths.
  double correlation = 0.0;  // Spearman's, -1 to 1.
  // Absent where it is not known how alike maps of different films are.
  absl::optional<AgreementPercentiles> percentiles;
  std::string sentence;  // For a reader: "The three models used the same area ...".
};

// Something that a reader of the scores must know; they stand all the same.
struct AnalysisFlag {
  std::string code;  // UPPER_SNAKE, stable: "VIEW_UNKNOWN", "OUTLIER"; see EligibilityPolicy.
  std::string text;  // One sentence; no patient data.
};

enum class AnalysisOutcome {
  kAnalyzed,
  kNotEligible,  // Not a film the models were made for: no score.
};

struct Analysis {
  int64_t id = 0;      // Row number; 0 until committed.
  int64_t job_id = 0;  // The job it finished; 0 until committed.
  int64_t instance_id = 0;
  std::string workflow;
  std::string model_set;      // Names, versions and digests of the models, as one digest.
  std::string threshold_set;  // Id from the manifests.

  AnalysisOutcome outcome = AnalysisOutcome::kAnalyzed;
  std::string reason_code;  // UPPER_SNAKE; empty when analysed.
  std::string reason;       // For a human; no patient data.

  std::vector<AnalysisFlag> flags;  // Only of an analysed film.

  std::vector<ModelResult> results;  // In the order of the workflow's models.
  Agreement agreement;

  // PNG of the presentation pixels, long side capped, for rendering overlays
  // later; empty when not decoded.
  std::string display_blob_id;

  int64_t started_ms = 0;   // Set by the job's first lease; the date in every output.
  int64_t finished_ms = 0;  // Set at commit.
  double decode_ms = 0.0;
  double render_ms = 0.0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_ANALYSIS_H_
