#include "core/inference/model_finding.h"

#include <cstddef>

#include "core/models/model_repository.h"

namespace camnode {

Finding MakeFinding(const camnode::model::v1::ModelManifest& manifest,
                    const std::vector<float>& logits) {
  Finding finding;
  finding.label = manifest.reported_label();
  finding.logit = logits.at(static_cast<size_t>(ReportedOutput(manifest)));
  finding.log_odds = LogOdds(manifest, logits);
  finding.probability = CalibratedProbability(manifest, finding.log_odds);
  finding.threshold = manifest.threshold();
  finding.positive = finding.probability >= finding.threshold;
  return finding;
}

}  // namespace camnode
