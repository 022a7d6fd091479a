// camnode-lab fit-outliers

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/outlier/outlier_fit.h"
#include "core/models/model_manifest.h"
#include "core/models/model_repository.h"
#include "core/training/films/header_patient.h"
#include "core/training/films/patient_patterns.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr char kOutlierFile[] = "outliers.safetensors";
constexpr char kNextOutlierFile[] = "outliers.next.safetensors";

absl::StatusOr<std::vector<std::string>> PatientsOf(const std::vector<std::string>& films,
                                                    const std::vector<std::string>& patterns) {
  CAMNODE_ASSIGN_OR_RETURN(
      const PatientPatterns compiled,
      PatientPatterns::Compile(patterns.empty() ? UsualPatientPatterns() : patterns));
  const std::vector<HeaderPatient> headers = ReadHeaderPatients(films);
  std::vector<std::string> patients;
  for (size_t i = 0; i < films.size(); ++i) {
    patients.push_back(compiled.PatientOf(films[i], headers[i].patient));
    if (patients.back().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(films[i], ": no --patient matches its name, and no DICOM header tells"));
    }
  }
  return patients;
}

absl::Status NameInManifest(const ModelFolder& model, const char* file, const OutlierFit& fit) {
  camnode::model::v1::ModelManifest manifest = model.manifest;
  manifest.set_outlier_file(file);
  manifest.set_outlier_sha256(Sha256Hex(fit.bytes));
  return ReplaceModelFile(model, "manifest.textproto",
                          FormatManifest(manifest,
                                         "What the weights beside this file are; see "
                                         "proto/camnode/model/v1/manifest.proto."));
}

// Killed anywhere, it leaves a manifest that names a file with the digest it says.  Hence a
// file that the manifest names now is not touched before it names another.
absl::Status Store(const ModelFolder& model, const OutlierFit& fit) {
  if (model.manifest.outlier_file() == kOutlierFile) {
    CAMNODE_RETURN_IF_ERROR(ReplaceModelFile(model, kNextOutlierFile, fit.bytes));
    CAMNODE_RETURN_IF_ERROR(NameInManifest(model, kNextOutlierFile, fit));
  }
  CAMNODE_RETURN_IF_ERROR(ReplaceModelFile(model, kOutlierFile, fit.bytes));
  CAMNODE_RETURN_IF_ERROR(NameInManifest(model, kOutlierFile, fit));
  std::error_code ignored;
  fs::remove(fs::path(model.directory) / kNextOutlierFile, ignored);
  return absl::OkStatus();
}

constexpr Option kOptions[] = {
    ModelOption(),
    PatientOption("patient"),
    Option::WholeNumber("components", "NUMBER", "principal directions kept", 1, 4096)
        .Default(OutlierFitOptions().components),
    Option::Number("percentile", "NUMBER", "of films held out that the threshold lets pass")
        .Default(OutlierFitOptions().percentile),
    ThreadsOption(),
};

// Errors: kInvalidArgument (a film without a patient), those of the model and of the first film
// that cannot be read; FitOutlierModel's; kUnavailable (the folder cannot be written).
absl::Status Run(const Arguments& arguments) {
  OutlierFitOptions options;
  options.components = arguments.WholeNumber("components");
  options.percentile = arguments.Number("percentile");
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> films, FindFilms(arguments.operands()));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> patients,
                           PatientsOf(films, arguments.Texts("patient")));
  SetThreads(arguments);

  CAMNODE_ASSIGN_OR_RETURN(ModelFolder model,
                           LoadModelFolder(arguments.Text("model"), WeightsCheck::kVerifyDigest));
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<Classifier> classifier,
                           Classifier::Load(model, ClassifierOptions()));
  std::vector<std::vector<float>> features;
  for (const std::string& path : films) {
    CAMNODE_ASSIGN_OR_RETURN(const Radiograph film, ReadNamedFilm(path));
    CAMNODE_ASSIGN_OR_RETURN(std::vector<float> row, classifier->PooledFeatures(film));
    features.push_back(std::move(row));
  }
  CAMNODE_ASSIGN_OR_RETURN(const OutlierFit fit, FitOutlierModel(features, patients, options));
  CAMNODE_RETURN_IF_ERROR(Store(model, fit));
  absl::PrintF("%d films: held-out distance median %.3f, largest %.3f; threshold %.3f\n",
               films.size(), fit.median, fit.largest, fit.threshold);
  return absl::OkStatus();
}

}  // namespace

const LabCommand kFitOutliers = {
    {"fit-outliers",
     R"(Describes a model's training films, so that films unlike them can be flagged.

By the features that it has of them (DICOM, PNG, JPEG; all files below each folder).
Writes outliers.safetensors into the model's folder and names it, with its digest, in the
manifest, which makes another model set.  Films of one patient are held out together.)",
     kFilmOperands, kOptions},
    Run};

}  // namespace camnode
