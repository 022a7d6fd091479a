// The words of legends and captions.  Functions of their arguments: thread-safe.

#ifndef CAMNODE_CORE_RENDER_RESULT_TEXT_H_
#define CAMNODE_CORE_RENDER_RESULT_TEXT_H_

#include <cstddef>
#include <string>

#include "core/domain/analysis.h"
#include "core/domain/finding.h"

namespace camnode {

// Names, reasons and sentences are cut here, so that no text can fill a picture.
inline constexpr size_t kMaxTextBytes = 400;

std::string ModelTitle(const ModelResult& result);    // "resnet18, version 1"
std::string VerdictText(const Finding& finding);      // "pneumonia: POSITIVE"
std::string ProbabilityText(const Finding& finding);  // "probability 0.9113, threshold 0.2500"
// "Maps: overlap 0.61 (0 to 1), centres 0.05 film widths apart, ...", with percentiles
// where there are any.  REQUIRES: two models or more were compared.
std::string AgreementNumbers(const Agreement& agreement);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_RESULT_TEXT_H_
