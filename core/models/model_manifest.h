// Reading and judging manifest.textproto.  Functions of their arguments: thread-safe.

#ifndef CAMNODE_CORE_MODELS_MODEL_MANIFEST_H_
#define CAMNODE_CORE_MODELS_MODEL_MANIFEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// The threshold set of a network that nobody has chosen a threshold for.
inline constexpr char kUncalibratedSet[] = "uncalibrated";

// The largest manifest that is read.
inline constexpr int64_t kMaxManifestBytes = int64_t{1} << 20;

// Parses the text format, strictly, and checks what it says.
// Errors: kFailedPrecondition with "line:column: what" for the first place that
// does not parse, or with every field that is missing or out of range.
absl::StatusOr<camnode::model::v1::ModelManifest> ParseManifest(absl::string_view text);

// Every field but the optional `calibration` and `known_limits` must be there.
// Whether the architecture exists is for core/inference to say.
// Errors: kFailedPrecondition naming every wrong field.
absl::Status CheckManifest(const camnode::model::v1::ModelManifest& manifest);

// 1 to 64 characters of a-z 0-9 _ -, a letter or digit first: a name that is also a
// folder and a part of file names.
bool IsModelName(absl::string_view name);

// A positive decimal number without leading zero, at most 9 digits.
bool IsModelVersion(absl::string_view version);

// The file as text with a comment on top; ParseManifest gives the same message
// back.  The same manifest gives the same bytes.
std::string FormatManifest(const camnode::model::v1::ModelManifest& manifest,
                           absl::string_view comment);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_MODEL_MANIFEST_H_
