// Steps 9 to 12 of the life of an instance: decode, judge whether it is a film the
// models were made for, classify and explain with each model, compare, write each
// output.

#ifndef CAMNODE_CORE_PIPELINE_INSTANCE_ANALYZER_H_
#define CAMNODE_CORE_PIPELINE_INSTANCE_ANALYZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/analysis.h"
#include "core/domain/eligibility_policy.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/inference/classifier.h"
#include "core/models/agreement_null.h"
#include "core/pipeline/classifier_bench.h"
#include "core/pipeline/film_analyzer.h"
#include "core/pipeline/model_set.h"
#include "core/pipeline/output_stage.h"
#include "core/pipeline/output_writer.h"
#include "core/pipeline/output_writers.h"
#include "core/pipeline/pipeline_settings.h"
#include "core/storage/blobs/blob_store.h"

namespace camnode {

// One way to treat a film, by the name that jobs carry.
struct AnalyzerWorkflow {
  std::string name = "default";
  // Its models in the order in which outputs show them: numbers of classifiers.
  std::vector<std::size_t> models;
  OutputOptions outputs;
};

struct InstanceAnalyzerOptions {
  std::vector<AnalyzerWorkflow> workflows;
  int64_t max_pixels = PipelineSettings().max_pixels;
  // Of the PNG kept for rendering overlays later, on request.
  int display_max_long_side = 1024;
  EligibilityPolicy eligibility;
  // Where the models lie, and beside them what chance gives of their agreement
  // (core/models/agreement_null.h).  Without it agreement has no percentiles, which is
  // logged once for each workflow.
  std::string model_directory;
};

class InstanceAnalyzer final : public FilmAnalyzer {
 public:
  // `blobs` outlives the analyzer.  Workflows share `classifiers`.  REQUIRES: one
  // workflow or more, each with one model or more, numbered below the number of
  // classifiers.
  InstanceAnalyzer(const InstanceAnalyzerOptions& options, BlobStore& blobs,
                   std::vector<std::unique_ptr<Classifier>> classifiers);

  absl::StatusOr<std::unique_ptr<DecodedFilm>> Decode(const Instance& instance) override;
  // Also: kFailedPrecondition if the job's workflow is none of the options'.
  absl::StatusOr<AnalyzedFilm> Compute(const Job& job, const Instance& instance,
                                       const DecodedFilm& film) override;
  // Every model over all films that want it, in batches; Compute then finds the
  // results in the film.
  void ComputeTogether(const std::vector<WaitingFilm>& films) override;
  bool IsBroken() const override { return bench_.IsBroken(); }

  // ClassifierBench::WarmUp.
  absl::Status WarmUp() { return bench_.WarmUp(); }

  // All models together, whatever the workflow: what this worker is.
  const ModelSet& models() const { return models_; }

 private:
  struct ReadFilm;
  struct Workflow {
    std::string name;
    std::vector<std::size_t> classifiers;  // Their numbers on the bench.
    absl::optional<AgreementNull> agreement_null;
    ModelSet models;
    std::vector<std::unique_ptr<OutputWriter>> writers;
  };

  static std::vector<Workflow> MakeWorkflows(const InstanceAnalyzerOptions& options,
                                             const ClassifierBench& bench);
  absl::StatusOr<const Workflow*> FindWorkflow(const std::string& name) const;

  static absl::StatusOr<std::unique_ptr<ReadFilm>> ReadDicomFilm(const std::string& path,
                                                                 const RadiographLimits& limits);
  static absl::StatusOr<std::unique_ptr<ReadFilm>> ReadPictureFilm(const Instance& instance,
                                                                   absl::string_view bytes,
                                                                   int64_t max_pixels);
  // What gives pause before the models have seen the film.
  static std::vector<AnalysisFlag> ConcernsOf(const ReadFilm& film, const Workflow& workflow);
  // Every refusal and flag that comes before the models.
  Analysis Judge(const Job& job, const Instance& instance, const Workflow& workflow,
                 const ReadFilm& film) const;

  const InstanceAnalyzerOptions options_;
  BlobStore& blobs_;
  ClassifierBench bench_;
  const ModelSet models_;
  const std::vector<Workflow> workflows_;
  const RadiographLimits limits_;
  OutputStage outputs_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_INSTANCE_ANALYZER_H_
