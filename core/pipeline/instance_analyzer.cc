#include "core/pipeline/instance_analyzer.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/film_concerns.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/film/pixel_check.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/inference/device/device_failure.h"
#include "core/inference/maps/agreement.h"
#include "core/pipeline/eligibility_gate.h"
#include "core/render/image_codec.h"
#include "core/render/overlay_renderer.h"

namespace camnode {
namespace {

// A picture that needs more bytes than this for its pixels is not a film.
constexpr int64_t kMaxPictureBytes = int64_t{1} << 30;
// More than cores: most of an output's time is a wait for the disk.
constexpr int kOutputThreads = 8;

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

std::vector<Classifier*> Pointers(const std::vector<std::unique_ptr<Classifier>>& classifiers) {
  std::vector<Classifier*> pointers;
  for (const auto& classifier : classifiers) pointers.push_back(classifier.get());
  return pointers;
}

std::vector<ModelFolder> FoldersOf(const std::vector<Classifier*>& classifiers) {
  std::vector<ModelFolder> folders;
  for (const Classifier* classifier : classifiers) folders.push_back(classifier->model());
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
std::string PrecisionsOf(const std::vector<Classifier*>& classifiers) {
  std::vector<absl::string_view> precisions;
  for (const Classifier* classifier : classifiers) {
    precisions.push_back(PrecisionName(classifier->precision()));
  }
  const bool all_alike =
      std::set<absl::string_view>(precisions.begin(), precisions.end()).size() == 1;
  return all_alike ? std::string(precisions[0]) : absl::StrJoin(precisions, "+");
}

// Numbers of inputs: classifiers that share their preprocessing share one.
std::vector<size_t> NumberInputs(const std::vector<std::unique_ptr<Classifier>>& classifiers) {
  std::vector<size_t> inputs;
  std::vector<const Classifier*> firsts;
  for (const auto& classifier : classifiers) {
    size_t input = 0;
    while (input < firsts.size() && !classifier->SharesInputWith(*firsts[input])) ++input;
    if (input == firsts.size()) firsts.push_back(classifier.get());
    inputs.push_back(input);
  }
  return inputs;
}

RadiographLimits LimitsFor(int64_t max_pixels, const std::vector<Classifier*>& classifiers) {
  RadiographLimits limits;
  limits.max_pixels = max_pixels;
  limits.modality_values =
      std::any_of(classifiers.begin(), classifiers.end(), [](const Classifier* classifier) {
        return classifier->model().manifest.preprocessing().intensity() ==
               model::v1::INTENSITY_POLICY_FIXED_WINDOW;
      });
  return limits;
}

double MillisecondsSince(absl::Time start) {
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

}  // namespace

struct InstanceAnalyzer::ReadFilm final : DecodedFilm {
  explicit ReadFilm(SourceAttributes attributes) : source(std::move(attributes)) {}

  SourceAttributes source;
  Radiograph radiograph;                  // Empty if the header alone was reason to refuse.
  absl::optional<InstanceHeader> header;  // Empty: a picture.
  absl::optional<Ineligibility> refusal;
  std::vector<AnalysisFlag> pixel_concerns;  // Those of any workflow; none with a refusal.
  std::vector<absl::StatusOr<ClassifierInput>> inputs;  // Empty with a refusal.
  // Made before Compute, together with other films'.
  std::map<const Classifier*, absl::StatusOr<ModelResult>> results;
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
    const InstanceAnalyzerOptions& options,
    const std::vector<std::unique_ptr<Classifier>>& classifiers) {
  std::vector<Workflow> workflows;
  for (const AnalyzerWorkflow& option : options.workflows) {
    Workflow& workflow = workflows.emplace_back();
    workflow.name = option.name;
    for (const std::size_t model : option.models) {
      workflow.classifiers.push_back(classifiers.at(model).get());
    }
    const std::vector<ModelFolder> folders = FoldersOf(workflow.classifiers);
    workflow.null = LoadNull(options.model_directory, folders);
    workflow.models = DescribeModelSet(folders);
    workflow.models.precision = PrecisionsOf(workflow.classifiers);
    if (workflow.null.has_value()) {
      workflow.models.agreement_null = Sha256Hex(workflow.null->SerializeAsString());
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
      classifiers_(std::move(classifiers)),
      input_of_(NumberInputs(classifiers_)),
      models_(DescribeModelSet(FoldersOf(Pointers(classifiers_)))),
      workflows_(MakeWorkflows(options, classifiers_)),
      limits_(LimitsFor(options.max_pixels, Pointers(classifiers_))),
      output_threads_(kOutputThreads) {}

absl::StatusOr<std::unique_ptr<DecodedFilm>> InstanceAnalyzer::Decode(const Instance& instance) {
  const absl::Time start = absl::Now();
  absl::StatusOr<std::unique_ptr<ReadFilm>> film;
  if (instance.media_type == MediaType::kDicom) {
    CAMNODE_ASSIGN_OR_RETURN(const std::string path, blobs_.PathOf(instance.blob_id));
    film = ReadDicomFilm(path, limits_);
  } else {
    CAMNODE_ASSIGN_OR_RETURN(const std::string bytes,
                             blobs_.ReadAll(instance.blob_id, kMaxPictureBytes));
    film = ReadPictureFilm(instance, bytes, options_.max_pixels);
  }
  if (!film.ok()) return film.status();
  if (!(*film)->refusal.has_value()) {
    (*film)->pixel_concerns = FindPixelConcerns((*film)->radiograph);
    PrepareInputs(**film);
  }
  (*film)->decode_ms = MillisecondsSince(start);
  return std::unique_ptr<DecodedFilm>(*std::move(film));
}

void InstanceAnalyzer::PrepareInputs(ReadFilm& film) const {
  for (size_t c = 0; c < classifiers_.size(); ++c) {
    // The first classifier of each input makes it.
    if (input_of_[c] == film.inputs.size()) {
      film.inputs.push_back(classifiers_[c]->Prepare(film.radiograph));
    }
  }
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
    CAMNODE_RETURN_IF_ERROR(ClassifyAndExplain(workflow->classifiers, film, analysis));
    analysis.agreement =
        ComputeAgreement(analysis.results, workflow->null.has_value() ? &*workflow->null : nullptr);
    ApplyPolicy(FindOutlierConcerns(analysis), options_.eligibility, analysis);
  }
  CrashPoint("after_classify");

  const absl::Time render_start = absl::Now();
  CAMNODE_RETURN_IF_ERROR(WriteOutputs(*workflow, film, instance, analyzed));
  analysis.render_ms = MillisecondsSince(render_start);
  return analyzed;
}

size_t InstanceAnalyzer::NumberOf(const Classifier& classifier) const {
  const auto found = std::find_if(classifiers_.begin(), classifiers_.end(),
                                  [&](const auto& own) { return own.get() == &classifier; });
  return static_cast<size_t>(found - classifiers_.begin());
}

void InstanceAnalyzer::ComputeTogether(const std::vector<WaitingFilm>& films) {
  std::map<Classifier*, std::vector<ReadFilm*>> wanted;
  for (const WaitingFilm& waiting : films) {
    auto& film = static_cast<ReadFilm&>(waiting.film);
    const absl::StatusOr<const Workflow*> workflow = FindWorkflow(waiting.job.workflow);
    if (!workflow.ok() || Judge(waiting.job, waiting.instance, **workflow, film).outcome !=
                              AnalysisOutcome::kAnalyzed) {
      continue;
    }
    for (Classifier* const classifier : (*workflow)->classifiers) {
      if (film.inputs[input_of_[NumberOf(*classifier)]].ok()) wanted[classifier].push_back(&film);
    }
  }
  for (const auto& [classifier, of_films] : wanted) {
    std::vector<const ClassifierInput*> inputs;
    for (const ReadFilm* film : of_films) {
      inputs.push_back(&*film->inputs[input_of_[NumberOf(*classifier)]]);
    }
    std::vector<absl::StatusOr<ModelResult>> results = classifier->ClassifyPrepared(inputs);
    for (size_t i = 0; i < of_films.size(); ++i) {
      of_films[i]->results.emplace(classifier, std::move(results[i]));
    }
  }
}

absl::StatusOr<ModelResult> InstanceAnalyzer::Classify(Classifier& classifier,
                                                       const ReadFilm& film) {
  const auto done = film.results.find(&classifier);
  if (done != film.results.end()) return done->second;
  const absl::StatusOr<ClassifierInput>& input = film.inputs[input_of_[NumberOf(classifier)]];
  if (!input.ok()) return input.status();
  return std::move(classifier.ClassifyPrepared({&*input}).front());
}

absl::Status InstanceAnalyzer::ClassifyAndExplain(const std::vector<Classifier*>& classifiers,
                                                  const ReadFilm& film, Analysis& analysis) {
  for (Classifier* const classifier : classifiers) {
    absl::StatusOr<ModelResult> result = Classify(*classifier, film);
    if (!result.ok()) {
      broken_ = broken_ || IsDeviceFailure(result.status());
      return Annotate(result.status(), classifier->model().manifest.name());
    }
    analysis.results.push_back(*std::move(result));
  }
  return absl::OkStatus();
}

absl::Status InstanceAnalyzer::WriteOutputs(const Workflow& workflow, const ReadFilm& film,
                                            const Instance& instance, AnalyzedFilm& analyzed) {
  const cv::Mat1b& pixels = film.radiograph.presentation;
  Mutex source_mutex;
  const OutputInput input = {instance, film.source, analyzed.analysis, pixels, source_mutex};
  absl::StatusOr<std::string> raster;
  std::vector<std::function<void()>> tasks = {[&] { raster = StoreDisplayRaster(pixels); }};
  // Results of tasks: they do not move when there are more.
  std::deque<absl::StatusOr<DerivedInstance>> outputs;
  for (const auto& writer : workflow.writers) {
    const int count = writer->CountFor(analyzed.analysis);
    for (int index = 0; index < count; ++index) {
      auto& output = outputs.emplace_back();
      tasks.emplace_back([this, &input, &writer = *writer, index, &output] {
        output = WriteOutput(writer, input, index);
      });
    }
  }
  output_threads_.RunAll(tasks);
  for (auto& output : outputs) {
    CAMNODE_ASSIGN_OR_RETURN(DerivedInstance derived, std::move(output));
    analyzed.derived.push_back(std::move(derived));
  }
  CAMNODE_ASSIGN_OR_RETURN(analyzed.analysis.display_blob_id, std::move(raster));
  return absl::OkStatus();
}

absl::StatusOr<DerivedInstance> InstanceAnalyzer::WriteOutput(const OutputWriter& writer,
                                                              const OutputInput& input, int index) {
  CAMNODE_ASSIGN_OR_RETURN(WrittenOutput output, writer.Write(input, index));
  CAMNODE_ASSIGN_OR_RETURN(BlobInfo blob, blobs_.Put(output.bytes));
  CrashPoint("after_output_blob");
  output.derived.blob_id = std::move(blob.id);
  output.derived.sha256 = std::move(blob.sha256);
  output.derived.size_bytes = blob.size_bytes;
  return std::move(output.derived);
}

absl::StatusOr<std::string> InstanceAnalyzer::StoreDisplayRaster(const cv::Mat1b& film) {
  if (film.empty()) return std::string();
  CAMNODE_ASSIGN_OR_RETURN(const std::string png,
                           EncodePng(ShrinkToFit(film, options_.display_max_long_side)));
  CAMNODE_ASSIGN_OR_RETURN(BlobInfo blob, blobs_.Put(png));
  return std::move(blob.id);
}

absl::Status InstanceAnalyzer::WarmUp() {
  constexpr int kSide = 512;
  Radiograph film;
  film.presentation.create(kSide, kSide);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) film.presentation(y, x) = static_cast<uint8_t>((x ^ y) & 0xff);
  }
  film.presentation.convertTo(film.modality_values, CV_32F);
  for (const auto& classifier : classifiers_) {
    CAMNODE_ASSIGN_OR_RETURN(const ClassifierInput input, classifier->Prepare(film));
    // One film and a batch: the first call of each is slower than all others.
    for (const size_t count : {size_t{1}, size_t{8}}) {
      for (const auto& result :
           classifier->ClassifyPrepared(std::vector<const ClassifierInput*>(count, &input))) {
        if (result.ok()) continue;
        broken_ = broken_ || IsDeviceFailure(result.status());
        return Annotate(result.status(), classifier->model().manifest.name());
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace camnode
