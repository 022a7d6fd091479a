// The commands of camnode-lab.  Each takes the words after its name, writes what it
// did to standard output, and returns the first error; its usage text is for --help.

#ifndef CAMNODE_SERVICES_LAB_COMMANDS_H_
#define CAMNODE_SERVICES_LAB_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace camnode {

extern const char kImportCheckpointUsage[];
extern const char kExplainUsage[];
extern const char kFitOutliersUsage[];
extern const char kAgreementNullUsage[];
extern const char kSensitivityUsage[];

// Errors: kInvalidArgument for a command line that cannot be understood; otherwise
// ImportCheckpoint's.
absl::Status RunImportCheckpoint(const std::vector<std::string>& words);

// A film that cannot be read or classified is reported to standard error and in its
// line of the output, and the others go on.
// Errors: kInvalidArgument for a command line that cannot be understood; those of
// the models; kUnavailable (the output cannot be written); kDataLoss (some films
// failed: how many).
absl::Status RunExplain(const std::vector<std::string>& words);

// Errors: kInvalidArgument for a command line that cannot be understood; those of
// the model and of the first film that cannot be read; FitOutlierModel's;
// kUnavailable (the folder cannot be written).
absl::Status RunFitOutliers(const std::vector<std::string>& words);

// Errors: kInvalidArgument for a command line that cannot be understood; those of the
// models, of the first film that cannot be read or classified, and of MakeAgreementNull
// and SaveAgreementNull.
absl::Status RunAgreementNull(const std::vector<std::string>& words);

// Errors: kInvalidArgument for a command line that cannot be understood; those of
// the models and of the first film that cannot be read or classified.
absl::Status RunSensitivity(const std::vector<std::string>& words);

extern const char kEvaluateUsage[];
// Errors: kInvalidArgument for a command line or a data set that cannot be understood;
// kDataLoss (films that cannot be read: how many), Evaluate's, kUnavailable (the folder
// cannot be written).
absl::Status RunEvaluate(const std::vector<std::string>& words);

extern const char kCalibrateUsage[];
// Errors: kInvalidArgument for a command line that cannot be understood; those of the
// runs, the data set and CalibrateModels; kUnavailable (a folder cannot be written, or a
// model stands there).
absl::Status RunCalibrate(const std::vector<std::string>& words);

extern const char kTrainUsage[];
// Errors: kInvalidArgument for a command line that cannot be understood; ParseRecipe's,
// ReadDataset's and Train's.
absl::Status RunTrain(const std::vector<std::string>& words);

// Errors: kInvalidArgument for a command line that cannot be understood; those of the
// models, of ReadDataset and of MeasureExplanations; kUnavailable (the output cannot be
// written).
extern const char kExplanationQualityUsage[];
absl::Status RunExplanationQuality(const std::vector<std::string>& words);

extern const char kModelCardUsage[];
// Errors: kInvalidArgument (a command line or a report that cannot be understood),
// kNotFound (no report), kUnavailable (the card cannot be written).
absl::Status RunModelCard(const std::vector<std::string>& words);

extern const char kEvaluatePrecisionUsage[];
absl::Status RunEvaluatePrecision(const std::vector<std::string>& words);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_COMMANDS_H_
