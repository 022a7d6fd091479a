// May a model be computed in less than float32?

#ifndef CAMNODE_CORE_MODELS_PRECISION_GATE_H_
#define CAMNODE_CORE_MODELS_PRECISION_GATE_H_

#include "absl/status/status.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// The most that a precision may change against FLOAT32.
inline constexpr double kMaxProbabilityDifference = 0.01;
inline constexpr double kMaxFlippedVerdicts = 0.002;  // Shares of the films.
inline constexpr double kMaxOtherPeakCells = 0.02;
inline constexpr int kMinCheckedFilms = 200;  // Fewer say nothing about 0.2 %.

// OK if every limit is kept.
// Errors: kFailedPrecondition naming each that is not, with its number.
absl::Status CheckGate(const camnode::model::v1::PrecisionCheck& check);

// OK if the manifest's precision is FLOAT32, or has a check of these weights and this
// threshold, the last of which passes.
// Errors: kFailedPrecondition (says what is missing or what failed).
absl::Status CheckPrecision(const camnode::model::v1::ModelManifest& manifest);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_PRECISION_GATE_H_
