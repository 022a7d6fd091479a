#include "core/pipeline/instance_analyzer.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/film_concerns.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/film/pixel_check.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/domain/radiograph.h"
#include "core/inference/device/precision.h"
#include "core/inference/maps/agreement.h"
#include "core/models/model_repository.h"
#include "core/pipeline/eligibility_gate.h"
#include "core/pipeline/model_set.h"
#include "core/render/image_codec.h"

namespace camnode {
namespace {

// A picture that needs more bytes than this for its pixels is not a film.
constexpr int64_t kMaxPictureBytes = int64_t{1} << 30;

Analysis BeginAnalysis(const Job& job, const Instance& instance, const ModelSet& models) {
  Analysis analysis;
  analysis.instance_id = instance.id;
  analysis.workflow = job.workflow;
  // What is run, which after an upgrade is not what the job was queued for.
  analysis.model_set = models.digest;
  analysis.threshold_set = models.threshold_set;
  analysis.started_ms = job.analysis_started_ms;
  return analysis;
}

std::vector<std::size_t> AllOf(const ClassifierBench& bench) {
  std::vector<std::size_t> numbers(bench.size());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

std::vector<ModelFolder> FoldersOf(const ClassifierBench& bench,
                                   const std::vector<std::size_t>& models) {
  std::vector<ModelFolder> folders;
  for (const std::size_t model : models) folders.push_back(bench.at(model).model());
  return folders;
}

absl::optional<AgreementNull> LoadNull(const std::string& model_directory,
                                       const std::vector<ModelFolder>& models) {
  if (models.size() < 2) return absl::nullopt;
  absl::StatusOr<AgreementNull> null = LoadAgreementNull(model_directory, models);
  if (null.ok()) return *std::move(null);
  Log(LogLevel::kWarning, "agreement_percentiles_absent",
      {{LogField::kReason, null.status().message()}});
  return absl::nullopt;
}

// "float32" if all are alike, otherwise each in order.
std::string PrecisionsOf(const ClassifierBench& bench, const std::vector<std::size_t>& models) {
  std::vector<absl::string_view> precisions;
  for (const std::size_t model : models) {
    precisions.push_back(PrecisionName(bench.at(model).precision()));
  }
  const bool all_alike =
      std::set<absl::string_view>(precisions.begin(), precisions.end()).size() == 1;
  return all_alike ? std::string(precisions[0]) : absl::StrJoin(precisions, "+");
}

RadiographLimits LimitsFor(int64_t max_pixels, const ClassifierBench& bench) {
  RadiographLimits limits;
  limits.max_pixels = max_pixels;
  const std::vector<ModelFolder> folders = FoldersOf(bench, AllOf(bench));
  limits.modality_values =
      std::any_of(folders.begin(), folders.end(), [](const ModelFolder& folder) {
        return folder.manifest.preprocessing().intensity() ==
               model::v1::INTENSITY_POLICY_FIXED_WINDOW;
      });
  return limits;
}

}  // namespace

struct InstanceAnalyzer::ReadFilm final : DecodedFilm {
  explicit ReadFilm(SourceAttributes attributes) : source(std::move(attributes)) {}

  SourceAttributes source;
  Radiograph radiograph;                  // Empty if the header alone was reason to refuse.
  absl::optional<InstanceHeader> header;  // Empty: a picture.
  absl::optional<Ineligibility> refusal;
  std::vector<AnalysisFlag> pixel_concerns;  // Those of any workflow; none with a refusal.
  BenchedFilm benched;                       // Empty with a refusal.
  double decode_ms = 0.0;
};

absl::StatusOr<std::unique_ptr<InstanceAnalyzer::ReadFilm>> InstanceAnalyzer::ReadDicomFilm(
    const std::string& path, const RadiographLimits& limits) {
  CAMNODE_ASSIGN_OR_RETURN(const InstanceHeader header, ReadInstanceHeader(path));
  CAMNODE_ASSIGN_OR_RETURN(SourceAttributes source, SourceAttributes::FromFile(path));
  auto film = std::make_unique<ReadFilm>(std::move(source));
  film->header = header;
  film->refusal = CheckHeader(header);
  if (film->refusal.has_value()) return film;
  CAMNODE_ASSIGN_OR_RETURN(film->radiograph, ReadRadiograph(path, limits));
  film->refusal = CheckPixels(film->radiograph);
  return film;
}

absl::StatusOr<std::unique_ptr<InstanceAnalyzer::ReadFilm>> InstanceAnalyzer::ReadPictureFilm(
    const Instance& instance, absl::string_view bytes, int64_t max_pixels) {
  auto film = std::make_unique<ReadFilm>(SourceAttributes::Synthetic(instance));
  CAMNODE_ASSIGN_OR_RETURN(film->radiograph, DecodePicture(bytes, max_pixels));
  film->refusal = CheckPixels(film->radiograph);
  return film;
}

std::vector<AnalysisFlag> InstanceAnalyzer::ConcernsOf(const ReadFilm& film,
                                                       const Workflow& workflow) {
  const absl::optional<AgeLimits>& ages = workflow.models.ages;
  std::vector<AnalysisFlag> concerns =
      film.header.has_value() ? FindHeaderConcerns(*film.header, ages) : FindPictureConcerns(ages);
  concerns.insert(concerns.end(), film.pixel_concerns.begin(), film.pixel_concerns.end());
  return concerns;
}

std::vector<InstanceAnalyzer::Workflow> InstanceAnalyzer::MakeWorkflows(
    const InstanceAnalyzerOptions& options, const ClassifierBench& bench) {
  std::vector<Workflow> workflows;
  for (const AnalyzerWorkflow& option : options.workflows) {
    Workflow& workflow = workflows.emplace_back();
    workflow.name = option.name;
    workflow.classifiers = option.models;
    const std::vector<ModelFolder> folders = FoldersOf(bench, option.models);
    workflow.agreement_null = LoadNull(options.model_directory, folders);
    workflow.models = DescribeModelSet(folders);
    workflow.models.precision = PrecisionsOf(bench, option.models);
    if (workflow.agreement_null.has_value()) {
      workflow.models.agreement_null = Sha256Hex(workflow.agreement_null->SerializeAsString());
    }
    workflow.writers = MakeOutputWriters(option.outputs, workflow.models);
  }
  return workflows;
}

absl::StatusOr<const InstanceAnalyzer::Workflow*> InstanceAnalyzer::FindWorkflow(
    const std::string& name) const {
  for (const Workflow& workflow : workflows_) {
    if (workflow.name == name) return &workflow;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the configuration has no workflow \"", name, "\""));
}

InstanceAnalyzer::InstanceAnalyzer(const InstanceAnalyzerOptions& options, BlobStore& blobs,
                                   std::vector<std::unique_ptr<Classifier>> classifiers)
    : options_(options),
      blobs_(blobs),
      bench_(std::move(classifiers)),
      models_(DescribeModelSet(FoldersOf(bench_, AllOf(bench_)))),
      workflows_(MakeWorkflows(options, bench_)),
      limits_(LimitsFor(options.max_pixels, bench_)),
      outputs_(blobs, options.display_max_long_side) {}

absl::StatusOr<std::unique_ptr<DecodedFilm>> InstanceAnalyzer::Decode(const Instance& instance) {
  const Stopwatch stopwatch;
  absl::StatusOr<std::unique_ptr<ReadFilm>> film;
  if (instance.media_type == MediaType::kDicom) {
    CAMNODE_ASSIGN_OR_RETURN(const std::string path, blobs_.PathOf(instance.blob_id));
    film = ReadDicomFilm(path, limits_);
  } else {
    CAMNODE_ASSIGN_OR_RETURN(const std::string bytes,
                             blobs_.ReadAll(instance.blob_id, kMaxPictureBytes));
    film = ReadPictureFilm(instance, bytes, options_.max_pixels);
  }
  if (!film.ok()) {
    // What cannot be read may be the volume's fault; the film's only if that is as it was.
    CAMNODE_RETURN_IF_ERROR(blobs_.CheckIdentity());
    return film.status();
  }
  if (!(*film)->refusal.has_value()) {
    (*film)->pixel_concerns = FindPixelConcerns((*film)->radiograph);
    (*film)->benched = bench_.Prepare((*film)->radiograph);
  }
  (*film)->decode_ms = absl::ToDoubleMilliseconds(stopwatch.Elapsed());
  return std::unique_ptr<DecodedFilm>(*std::move(film));
}

Analysis InstanceAnalyzer::Judge(const Job& job, const Instance& instance, const Workflow& workflow,
                                 const ReadFilm& film) const {
  Analysis analysis = BeginAnalysis(job, instance, workflow.models);
  analysis.decode_ms = film.decode_ms;
  if (film.refusal.has_value()) {
    Refuse(*film.refusal, analysis);
  } else {
    ApplyPolicy(ConcernsOf(film, workflow), options_.eligibility, analysis);
  }
  return analysis;
}

absl::StatusOr<AnalyzedFilm> InstanceAnalyzer::Compute(const Job& job, const Instance& instance,
                                                       const DecodedFilm& decoded) {
  const auto& film = static_cast<const ReadFilm&>(decoded);
  CAMNODE_ASSIGN_OR_RETURN(const Workflow* workflow, FindWorkflow(job.workflow));
  AnalyzedFilm analyzed;
  Analysis& analysis = analyzed.analysis;
  analysis = Judge(job, instance, *workflow, film);
  if (analysis.outcome == AnalysisOutcome::kAnalyzed) {
    CAMNODE_ASSIGN_OR_RETURN(analysis.results,
                             bench_.Classify(workflow->classifiers, film.benched));
    const absl::optional<AgreementNull>& agreement_null = workflow->agreement_null;
    analysis.agreement =
        ComputeAgreement(analysis.results, agreement_null.has_value() ? &*agreement_null : nullptr);
    ApplyPolicy(FindOutlierConcerns(analysis), options_.eligibility, analysis);
  }
  CrashPoint("after_classify");

  const Stopwatch rendering;
  CAMNODE_RETURN_IF_ERROR(outputs_.Write(workflow->writers, instance, film.source,
                                         film.radiograph.presentation, analyzed));
  analysis.render_ms = absl::ToDoubleMilliseconds(rendering.Elapsed());
  return analyzed;
}

void InstanceAnalyzer::ComputeTogether(const std::vector<WaitingFilm>& films) {
  std::vector<BenchRequest> requests;
  for (const WaitingFilm& waiting : films) {
    auto& film = static_cast<ReadFilm&>(waiting.film);
    const absl::StatusOr<const Workflow*> workflow = FindWorkflow(waiting.job.workflow);
    if (workflow.ok() && Judge(waiting.job, waiting.instance, **workflow, film).outcome ==
                             AnalysisOutcome::kAnalyzed) {
      requests.push_back({film.benched, (*workflow)->classifiers});
    }
  }
  bench_.ClassifyTogether(requests);
}

}  // namespace camnode
