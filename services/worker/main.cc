// camnode-worker: takes jobs from the queue, runs the models, commits the results.
// See core/pipeline/README.md.

#include <dcmtk/oflog/oflog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
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
#include "core/base/descriptor_limit.h"
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
#include "core/pipeline/step_watch.h"
#include "core/pipeline/worker_heartbeat.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/database_access.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/worker_registry.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/config/config.h"
#include "services/config/configured_models.h"
#include "services/privileges/process_rights.h"
#include "services/settings/worker_exit.h"
#include "services/settings/worker_settings.h"
#include "services/worker/arguments.h"
#include "services/worker/confinement.h"
#include "services/worker/process.h"
#include "services/worker/stall.h"
#include "services/worker/store_gate.h"
#include "services/worker/watchdog.h"

namespace camnode {
namespace {

static_assert(kWorkerUnusable == kMisusedExitCode);

constexpr absl::Duration kHeartbeatPeriod = absl::Seconds(2);
constexpr absl::Duration kSchemaPoll = absl::Milliseconds(100);
constexpr absl::Duration kDatabasePoll = absl::Seconds(1);
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

// The node may not have begun yet, or a volume is not mounted: what a worker is confined to must be
// there first, and nothing is made in its place.  No thread yet: see confinement.h.
absl::StatusOr<DatabaseAccess> WaitForNode(const Config& config) {
  const std::string parts = PartFolder(BlobDirectory(config.data_directory), BlobParts::kOfWorker);
  absl::string_view told;
  while (true) {
    absl::StatusOr<DatabaseAccess> access =
        PrepareDatabaseAccess(config.database_uri, config.data_directory);
    if (!access.ok() && !absl::IsNotFound(access.status())) return access;
    if (access.ok() && ::access(parts.c_str(), W_OK) == 0) return access;
    const absl::string_view missing = access.ok() ? "waiting_for_store" : "waiting_for_database";
    if (missing != std::exchange(told, missing)) {
      Log(LogLevel::kWarning, missing,
          {{LogField::kReason,
            access.ok() ? absl::StrCat(parts,
                                       " is not there, or not writable: camnode makes it; is its "
                                       "volume mounted?")
                        : std::string(access.status().message())}});
    }
    if (StopSignalWithin(kSchemaPoll)) return absl::CancelledError("told to stop");
  }
}

// Waits for a database that is down or recovering.
absl::StatusOr<OpenedDatabase> OpenDatabaseOrWait(const Config& config, StepWatch& steps) {
  for (bool told = false;; told = true) {
    absl::StatusOr<OpenedDatabase> opened = [&] {
      const StepWatch::Step step = steps.Begin("open the database");
      return OpenDatabase(config.database_uri, config.data_directory);
    }();
    if (opened.ok() || !absl::IsUnavailable(opened.status())) return opened;
    if (!told) {
      Log(LogLevel::kWarning, "waiting_for_database",
          {{LogField::kReason, opened.status().message()}});
    }
    absl::SleepFor(kDatabasePoll);
  }
}

// The node may still be migrating.
absl::StatusOr<OpenedDatabase> OpenMigratedDatabase(const Config& config, StepWatch& steps) {
  CAMNODE_ASSIGN_OR_RETURN(OpenedDatabase opened, OpenDatabaseOrWait(config, steps));
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
        OpenWorkerStore(database, BlobDirectory(config.data_directory));
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

int Fail(const char* event, const absl::Status& why, WorkerExit code) {
  Log(LogLevel::kError, event,
      {{LogField::kCode, absl::StatusCodeToString(why.code())},
       {LogField::kReason, why.message()}});
  return code;
}

absl::StatusOr<std::unique_ptr<InstanceAnalyzer>> LoadAndWarm(const Config& config,
                                                              BlobStore& blobs, StepWatch& steps,
                                                              WorkerExit* code) {
  const StepWatch::Step step = steps.Begin("load the models");
  *code = kWorkerUnusable;
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<InstanceAnalyzer> analyzer, LoadAnalyzer(config, blobs));
  const absl::Status warm = analyzer->WarmUp();
  if (analyzer->IsBroken()) *code = kWorkerDeviceBroken;
  CAMNODE_RETURN_IF_ERROR(warm);
  return analyzer;
}

int RunWorker(const Config& config, const std::string& name, const DatabaseAccess& access,
              StepWatch& steps, LeaseReturn& leases, WorkerSignals& signals) {
  absl::StatusOr<OpenedDatabase> opened = OpenMigratedDatabase(config, steps);
  if (!opened.ok()) return Fail("database_unusable", opened.status(), kWorkerFailed);
  SqlDatabase& database = *opened->database;
  WorkerRegistry registry(database, SystemClock());
  WorkerHeartbeat heartbeat(registry, steps, MakeRecord(config, name), kHeartbeatPeriod);
  const absl::StatusOr<WorkerStore> store = WaitForStore(database, config);
  if (!store.ok()) return Fail("blob_store_unusable", store.status(), kWorkerFailed);

  const Stopwatch loading;
  WorkerExit code = kWorkerUnusable;
  const auto loaded = LoadAndWarm(config, *store->blobs, steps, &code);
  if (!loaded.ok()) return Fail("models_unusable", loaded.status(), code);
  InstanceAnalyzer& analyzer = **loaded;
  // All that needs other calls is done; the first film comes next.
  const absl::Status confined = ConfineCalls(config, access);
  if (!confined.ok()) return Fail("worker_not_confined", confined, kWorkerUnusable);

  JobQueue queue(database, SystemClock(), config.queue);
  InstanceStore instances(database, SystemClock(), store->blobs.get());
  ResultStore results(database, SystemClock(), store->blobs.get());
  StoreGate gate(*store, database, SystemClock(), [&](const absl::Status& now) {
    if (now.ok()) return heartbeat.SetReady(analyzer.models().digest);
    heartbeat.SetNotReady();
    Log(LogLevel::kError, "waiting_for_store", {{LogField::kReason, now.message()}});
  });
  InferenceWorkerOptions options = MakeWorkerOptions(config, name);
  std::function<void()> begin_anew;
  options.may_lease = [&] {
    absl::Status may = gate.Check();
    if (gate.rights_lost()) begin_anew();
    return may;
  };
  InferenceWorker worker(options, queue, instances, results, *opened->doorbell, analyzer, steps);
  begin_anew = [&worker] { worker.Drain(); };
  Log(LogLevel::kInfo, "worker_ready",
      {{LogField::kWorker, name},
       {LogField::kModel, analyzer.models().digest},
       {LogField::kVersion, kCamnodeVersion},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(loading.Elapsed())}});
  leases.Set(&queue);
  signals.SetDrain([&worker] { worker.Drain(); });
  const absl::Status ended = worker.Run();
  signals.SetDrain(nullptr);
  leases.Set(nullptr);
  if (!ended.ok()) return Fail("device_broken", ended, kWorkerDeviceBroken);
  Log(LogLevel::kInfo, "worker_stopped", {{LogField::kWorker, name}});
  return kWorkerDone;
}

// Confined before the first thread, of which the log's is one: see confinement.h.
int RunConfined(Config& config, const WorkerArguments& arguments) {
  const absl::Status user = CheckUser(config.allow_root);
  if (!user.ok()) return Fail("configuration_unusable", user, kWorkerUnusable);
  const absl::StatusOr<DatabaseAccess> access = WaitForNode(config);
  if (absl::IsCancelled(access.status())) return kWorkerDone;
  if (!access.ok()) return Fail("database_unusable", access.status(), kWorkerFailed);
  const absl::Status confined = ConfineFiles(config, *access);
  if (!confined.ok()) return Fail("worker_not_confined", confined, kWorkerUnusable);

  StartLogThread();
  if (arguments.life_pipe >= 0) {
    const absl::Status watched = EndWithParent(arguments.life_pipe);
    if (!watched.ok()) return Fail("arguments_unusable", watched, kWorkerUnusable);
  }
  const DeviceChoice choice = ResolveDevice(config.worker.device);
  if (!choice.reason.empty()) {
    Log(LogLevel::kInfo, "computing_on_cpu", {{LogField::kReason, choice.reason}});
  }
  config.worker.device = choice.device;
  // Before any thread that computes: Linux keeps a nice value per thread.
  LowerPriority(config.worker);
  WorkerSignals signals;
  StepWatch steps(config.pipeline.max_step);
  LeaseReturn leases;
  const Watchdog watchdog(steps, arguments.life_pipe, [&](const StepWatch::Stall& stall) {
    EndStalled(arguments.name, stall, leases);
  });
  return RunWorker(config, arguments.name, *access, steps, leases, signals);
}

int Main(const std::vector<std::string>& words) {
  // Whatever we write is for this user alone.
  umask(S_IRWXG | S_IRWXO);
  BlockWorkerSignals();
  SetLogProgram("camnode-worker");
  RaiseDescriptorLimit();
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
  absl::StatusOr<Config> config = LoadConfig(parsed->config);
  if (!config.ok()) return Fail("configuration_unusable", config.status(), kWorkerUnusable);
  SetLogLevel(config->log_level);
  return RunConfined(*config, *parsed);
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  camnode::LimitSpinning(argv);
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
