// camnode-worker: takes jobs from the queue, runs the models, commits the results.
// See core/pipeline/README.md.

#include <dcmtk/oflog/oflog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/base/version.h"
#include "core/inference/classifier.h"
#include "core/inference/device/device_choice.h"
#include "core/inference/device/openmp.h"
#include "core/models/model_manifest.h"
#include "core/models/model_repository.h"
#include "core/pipeline/inference_worker.h"
#include "core/pipeline/instance_analyzer.h"
#include "core/pipeline/output_settings.h"
#include "core/pipeline/output_writers.h"
#include "core/pipeline/worker_heartbeat.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/worker_registry.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/config/config.h"
#include "services/config/configured_models.h"
#include "services/settings/worker_settings.h"
#include "services/worker/arguments.h"
#include "services/worker/process.h"
#include "services/worker/store_gate.h"

namespace camnode {
namespace {

enum ExitCode : int {
  kDone = 0,                     // Told to stop.
  kFailed = 1,                   // Database or blob store; starting again may help.
  kUnusable = kMisusedExitCode,  // Arguments, configuration or models: a human must look.
  kDeviceBroken = 3,             // A fresh process is the cure.
};

constexpr absl::Duration kHeartbeatPeriod = absl::Seconds(2);
constexpr absl::Duration kSchemaPoll = absl::Milliseconds(100);
constexpr absl::Duration kStorePoll = absl::Seconds(1);

std::string DeviceClass(const std::string& device) {
  return absl::StartsWith(device, "cuda") ? "cuda" : "cpu";
}

// Reception and queries come first on a CPU; a GPU's worker hardly needs one.
void LowerPriority(const WorkerSettings& config) {
  if (DeviceClass(config.device) != "cpu") return;
  if (setpriority(PRIO_PROCESS, 0, config.niceness) != 0) {
    Log(LogLevel::kWarning, "niceness_not_set", {{LogField::kReason, std::string("setpriority")}});
  }
}

OutputOptions MakeOutputOptions(const Config& config, const OutputSettings& settings) {
  OutputOptions options;
  options.settings = settings;
  options.time_zone = config.time_zone;
  options.device_class = DeviceClass(config.worker.device);
  options.program_version = kCamnodeVersion;
  return options;
}

InstanceAnalyzerOptions MakeAnalyzerOptions(const Config& config, const SharedModels& models) {
  InstanceAnalyzerOptions options;
  options.max_pixels = config.pipeline.max_pixels;
  options.eligibility = config.eligibility;
  options.model_directory = config.model_directory;
  for (const WorkflowConfig& configured : config.workflows) {
    AnalyzerWorkflow workflow;
    workflow.name = configured.name;
    workflow.models = models.sets.at(options.workflows.size());
    workflow.outputs = MakeOutputOptions(config, configured.outputs);
    options.workflows.push_back(std::move(workflow));
  }
  return options;
}

InferenceWorkerOptions MakeWorkerOptions(const Config& config, const std::string& name) {
  InferenceWorkerOptions options;
  options.name = name;
  options.settings = config.pipeline;
  for (const WorkflowConfig& workflow : config.workflows) {
    options.destinations[workflow.name] = workflow.destinations;
  }
  return options;
}

WorkerRecord MakeRecord(const Config& config, const std::string& name) {
  WorkerRecord record;
  record.name = name;
  record.pid = getpid();
  record.device = config.worker.device;
  record.config_digest = config.file_sha256;
  record.version = kCamnodeVersion;
  record.started_ms = ToUnixMs(SystemClock().Now());
  return record;
}

// The node may still be migrating, or not yet have begun.
absl::StatusOr<OpenedDatabase> OpenMigratedDatabase(const Config& config) {
  CAMNODE_ASSIGN_OR_RETURN(OpenedDatabase opened,
                           OpenDatabase(config.database_uri, config.data_directory));
  for (bool told = false;; told = true) {
    const absl::Status schema = CheckSchemaVersion(*opened.database);
    if (schema.ok()) return opened;
    if (!absl::IsUnavailable(schema)) return schema;
    if (!told) {
      Log(LogLevel::kInfo, "waiting_for_schema", {{LogField::kReason, schema.message()}});
    }
    absl::SleepFor(kSchemaPoll);
  }
}

// The node may not yet have named the store, or a volume is not mounted yet: nothing is
// touched meanwhile, and the heartbeat says that this worker is not ready.
absl::StatusOr<WorkerStore> WaitForStore(SqlDatabase& database, const Config& config) {
  for (bool told = false;; told = true) {
    absl::StatusOr<WorkerStore> store =
        OpenWorkerStore(database, absl::StrCat(config.data_directory, "/blobs"));
    if (!absl::IsUnavailable(store.status())) return store;
    if (!told) {
      Log(LogLevel::kError, "waiting_for_store", {{LogField::kReason, store.status().message()}});
    }
    absl::SleepFor(kStorePoll);
  }
}

void WarnIfUncalibrated(const ModelFolder& model) {
  if (model.manifest.threshold_set_id() != kUncalibratedSet) return;
  Log(LogLevel::kWarning, "model_uncalibrated",
      {{LogField::kModel, model.manifest.name()},
       {LogField::kReason,
        "its probabilities are not calibrated and nobody chose its threshold; camnode-lab "
        "calibrate does both"}});
}

// Each distinct model once, whatever the number of workflows.
absl::StatusOr<std::vector<std::unique_ptr<Classifier>>> LoadClassifiers(
    const Config& config, const std::vector<ModelFolder>& folders) {
  SetComputeThreads(config.worker.threads);
  std::vector<std::unique_ptr<Classifier>> classifiers;
  for (const ModelFolder& folder : folders) {
    WarnIfUncalibrated(folder);
    ClassifierOptions options;
    options.device = config.worker.device;
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier,
                             Classifier::Load(folder, options));
    classifiers.push_back(std::move(classifier));
  }
  return classifiers;
}

absl::StatusOr<std::unique_ptr<InstanceAnalyzer>> LoadAnalyzer(const Config& config,
                                                               BlobStore& blobs) {
  CAMNODE_ASSIGN_OR_RETURN(const SharedModels models,
                           LoadConfiguredModels(config, WeightsCheck::kVerifyDigest));
  CAMNODE_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<Classifier>> classifiers,
                           LoadClassifiers(config, models.folders));
  return std::make_unique<InstanceAnalyzer>(MakeAnalyzerOptions(config, models), blobs,
                                            std::move(classifiers));
}

int Fail(const char* event, const absl::Status& why, ExitCode code) {
  Log(LogLevel::kError, event,
      {{LogField::kCode, absl::StatusCodeToString(why.code())},
       {LogField::kReason, why.message()}});
  return code;
}

int RunWorker(const Config& config, const std::string& name, WorkerSignals& signals) {
  absl::StatusOr<OpenedDatabase> opened = OpenMigratedDatabase(config);
  if (!opened.ok()) return Fail("database_unusable", opened.status(), kFailed);
  SqlDatabase& database = *opened->database;
  WorkerRegistry registry(database, SystemClock());
  WorkerHeartbeat heartbeat(registry, MakeRecord(config, name), kHeartbeatPeriod);
  const absl::StatusOr<WorkerStore> store = WaitForStore(database, config);
  if (!store.ok()) return Fail("blob_store_unusable", store.status(), kFailed);

  const Stopwatch loading;
  const auto loaded = LoadAnalyzer(config, *store->blobs);
  if (!loaded.ok()) return Fail("models_unusable", loaded.status(), kUnusable);
  InstanceAnalyzer& analyzer = **loaded;
  const absl::Status warm = analyzer.WarmUp();
  if (!warm.ok()) {
    return Fail("models_unusable", warm, analyzer.IsBroken() ? kDeviceBroken : kUnusable);
  }

  JobQueue queue(database, SystemClock(), config.queue);
  InstanceStore instances(database, SystemClock(), store->blobs.get());
  ResultStore results(database, SystemClock(), store->blobs.get());
  StoreGate gate(*store, database, SystemClock(), [&](const absl::Status& now) {
    if (now.ok()) return heartbeat.SetReady(analyzer.models().digest);
    heartbeat.SetNotReady();
    Log(LogLevel::kError, "waiting_for_store", {{LogField::kReason, now.message()}});
  });
  InferenceWorkerOptions options = MakeWorkerOptions(config, name);
  options.may_lease = [&gate] { return gate.Check(); };
  InferenceWorker worker(options, queue, instances, results, *opened->doorbell, analyzer);
  Log(LogLevel::kInfo, "worker_ready",
      {{LogField::kWorker, name},
       {LogField::kModel, analyzer.models().digest},
       {LogField::kVersion, kCamnodeVersion},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(loading.Elapsed())}});
  signals.SetDrain([&worker] { worker.Drain(); });
  const absl::Status ended = worker.Run();
  signals.SetDrain(nullptr);
  if (!ended.ok()) return Fail("device_broken", ended, kDeviceBroken);
  Log(LogLevel::kInfo, "worker_stopped", {{LogField::kWorker, name}});
  return kDone;
}

int Main(const std::vector<std::string>& words) {
  // Whatever we write is for this user alone.
  umask(S_IRWXG | S_IRWXO);
  BlockWorkerSignals();
  SetLogProgram("camnode-worker");
  // DCMTK would write lines of its own between ours.
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  const Program program = WorkerProgram();
  const CommandLine line = ParseCommandLine(program, words);
  const absl::optional<int> answered = AnswerCommandLine(program, line, std::cout, std::cerr);
  if (answered.has_value()) return *answered;
  const absl::StatusOr<WorkerArguments> parsed = MakeWorkerArguments(line.arguments);
  if (!parsed.ok()) {
    return PrintMisuse(std::cerr, program, line.command, parsed.status().message());
  }
  if (parsed->life_pipe >= 0) {
    const absl::Status watched = EndWithParent(parsed->life_pipe);
    if (!watched.ok()) return Fail("arguments_unusable", watched, kUnusable);
  }
  absl::StatusOr<Config> config = LoadConfig(parsed->config);
  if (!config.ok()) return Fail("configuration_unusable", config.status(), kUnusable);
  SetLogLevel(config->log_level);
  const DeviceChoice choice = ResolveDevice(config->worker.device);
  if (!choice.reason.empty()) {
    Log(LogLevel::kInfo, "computing_on_cpu", {{LogField::kReason, choice.reason}});
  }
  config->worker.device = choice.device;
  // Before any thread that computes: Linux keeps a nice value per thread.
  LowerPriority(config->worker);
  WorkerSignals signals;
  return RunWorker(*config, parsed->name, signals);
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  camnode::LimitSpinning(argv);
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
