#include "services/config/config.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/base/files.h"
#include "core/base/retryable.h"
#include "core/base/secret_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/domain/ae_title.h"
#include "core/storage/sql/database_uri.h"
#include "proto/camnode/config/v1/config.pb.h"
#include "services/config/dicom_section.h"
#include "services/config/section_reader.h"
#include "services/config/text_checks.h"

namespace camnode {
namespace {

using google::protobuf::TextFormat;

constexpr int64_t kMaxFileBytes = int64_t{1} << 20;

// Everything the parser has to say is a mistake: its only warnings here are about
// options that do not exist.
class MistakeCollector final : public google::protobuf::io::ErrorCollector {
 public:
  explicit MistakeCollector(std::vector<ConfigMistake>& mistakes) : mistakes_(mistakes) {}

  void AddError(int line, int, const std::string& message) override {
    mistakes_.push_back({line + 1, absl::StrCat(message, "; nothing after this place was read")});
  }
  void AddWarning(int line, int, const std::string& message) override {
    mistakes_.push_back({line + 1, absl::StrCat(message,
                                                "; see deploy/camnode.textproto for every "
                                                "option there is")});
  }

 private:
  std::vector<ConfigMistake>& mistakes_;
};

bool NotEmpty(const std::string& text) { return !text.empty(); }

bool IsLoopback(const std::string& address) {
  return address == "::1" || (IsIpAddress(address) && absl::StartsWith(address, "127."));
}

bool IsModelName(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto is_part = [](const std::string& part) { return IsName(part) && part[0] != '.'; };
  if (slash == std::string::npos) return is_part(text);
  return is_part(text.substr(0, slash)) && is_part(text.substr(slash + 1));
}

bool IsTimeZone(const std::string& text) {
  absl::TimeZone zone;
  return !text.empty() && absl::LoadTimeZone(text, &zone);
}

bool IsDatabaseUri(const std::string& text) {
  return text.empty() || (absl::StartsWith(text, "sqlite:") && text.size() > 7) ||
         absl::StartsWith(text, "postgresql://");
}

// No complaint quotes the URI, which may hold a password.
void ReadDatabase(const ConfigReader& file, Config* config) {
  const auto any = [](const std::string&) { return true; };
  file.Read("database_uri", "", any, &config->database_uri);
  file.Read("database_password_file", "a file", any, &config->database_password_file);
  if (!IsDatabaseUri(config->database_uri)) {
    file.Mistake("database_uri",
                 "is of another kind; expected \"\", \"sqlite:FILE\" or "
                 "\"postgresql://...\"");
    return;
  }
  const bool server = absl::StartsWith(config->database_uri, "postgresql://");
  const absl::StatusOr<bool> has_password = server ? HoldsPassword(config->database_uri) : false;
  if (!has_password.ok()) file.Mistake("database_uri", has_password.status().message());
  if (config->database_password_file.empty()) return;
  if (!server) {
    file.Mistake("database_password_file",
                 "is given, but database_uri names no server; expected \"postgresql://...\" there");
  } else if (has_password.value_or(false)) {
    file.Mistake("database_password_file",
                 "is given, and database_uri holds a password, too; expected one of the two");
  }
}

bool IsDevice(const std::string& text) {
  int number = -1;
  return text == "cpu" || text == "auto" ||
         (absl::StartsWith(text, "cuda:") && absl::SimpleAtoi(text.substr(5), &number) &&
          number >= 0);
}

void ReadLogLevel(const ConfigReader& file, LogLevel* level) {
  const std::vector<std::string> names = {"debug", "info", "warning", "error"};
  std::string name = names[static_cast<std::size_t>(*level)];
  file.Read(
      "log_level", "debug, info, warning or error",
      [&](const std::string& text) {
        return std::find(names.begin(), names.end(), text) != names.end();
      },
      &name);
  *level = static_cast<LogLevel>(std::find(names.begin(), names.end(), name) - names.begin());
}

void CheckBackoff(const ConfigReader& section, const Backoff& backoff) {
  if (backoff.initial > backoff.maximum) {
    section.Mistake(section.Has("initial_backoff_ms") ? "initial_backoff_ms" : "max_backoff_ms",
                    "contradicts: the initial wait is longer than the longest one; expected "
                    "initial_backoff_ms <= max_backoff_ms");
  }
}

constexpr std::pair<const char*, JobPriority> kPriorities[] = {
    {"interactive", JobPriority::kInteractive},
    {"normal", JobPriority::kNormal},
    {"backlog", JobPriority::kBacklog}};

WorkflowConfig ReadWorkflow(const ConfigReader& section, const OutputSettings& outputs,
                            const Config& config) {
  WorkflowConfig workflow;
  section.Read("name", kName, IsName, &workflow.name);
  section.Read("called_ae_titles", kAeTitle, IsAeTitle, &workflow.called_ae_titles);
  for (std::string& title : workflow.called_ae_titles) title = AeTitle::Parse(title)->text();
  section.Read("models", "a model folder such as \"resnet18\" or \"resnet18/1\"", IsModelName,
               &workflow.models);
  const auto is_destination = [&](const std::string& name) {
    const auto same = [&](const DestinationConfig& d) { return d.name == name; };
    return std::any_of(config.destinations.begin(), config.destinations.end(), same);
  };
  section.Read("destinations", "the name of one of the destinations of this file", is_destination,
               &workflow.destinations);
  section.Read("return_to_sender", &workflow.return_to_sender);
  const auto returns = [](const Peer& peer) { return peer.return_port != 0; };
  if (workflow.return_to_sender &&
      std::none_of(config.peers.begin(), config.peers.end(), returns)) {
    section.Mistake("return_to_sender",
                    "is true, but no peer can be sent to; expected a peer with return_port");
  }
  section.Read("priority", kPriorities, &workflow.priority);
  workflow.outputs = outputs;
  ReadOptions(section.Section("outputs"), &workflow.outputs);
  return workflow;
}

// An association's called AE title must lead to one workflow.
void ReadWorkflows(const ConfigReader& file, const OutputSettings& outputs, Config* config) {
  const std::vector<ConfigReader> sections = file.Sections("workflow");
  if (sections.empty()) config->workflows.front().outputs = outputs;
  if (!sections.empty()) config->workflows.clear();
  std::set<std::string> names;
  std::map<std::string, std::string> workflow_of;  // By called AE title.
  for (const ConfigReader& section : sections) {
    const WorkflowConfig workflow = ReadWorkflow(section, outputs, *config);
    if (!names.insert(workflow.name).second) {
      section.Mistake("name", absl::StrCat("is \"", workflow.name,
                                           "\", as another workflow's; expected another name"));
    }
    for (const std::string& title : CalledAeTitles(*config, workflow)) {
      const auto [entry, is_new] = workflow_of.emplace(title, workflow.name);
      if (is_new) continue;
      section.Mistake(
          "called_ae_titles",
          absl::StrCat(section.Has("called_ae_titles") ? "names \"" : "is not given, so it is \"",
                       title, "\", which calls workflow \"", entry->second,
                       "\"; expected titles that call no other workflow"));
    }
    config->workflows.push_back(workflow);
  }
}

void ReadPrecisions(const ConfigReader& file, std::vector<ModelPrecisionConfig>* precisions) {
  constexpr char kModel[] = "a model of a workflow, such as \"resnet18\" or \"resnet18/1\"";
  constexpr char kPrecision[] = "\"float32\", \"bfloat16\" or \"float16\"";
  std::set<std::string> models;
  for (const ConfigReader& section : file.Sections("precisions")) {
    ModelPrecisionConfig wanted;
    section.Require("model", kModel);
    section.Require("precision", kPrecision);
    section.Read("model", kModel, IsModelName, &wanted.model);
    section.Read(
        "precision", kPrecision,
        [](const std::string& text) {
          return text == "float32" || text == "bfloat16" || text == "float16";
        },
        &wanted.precision);
    if (!wanted.model.empty() && !models.insert(wanted.model).second) {
      section.Mistake("model", "has a precision already; expected one entry for each model");
    }
    precisions->push_back(std::move(wanted));
  }
}

void ReadDelivery(const ConfigReader& section, DeliverySettings* delivery) {
  ReadOptions(section, delivery);
  CheckBackoff(section, delivery->backoff);
}

constexpr std::pair<const char*, bool> kOnConflict[] = {{"refuse", false}, {"quarantine", true}};

void ReadStorage(const ConfigReader& section, StorageConfig* storage) {
  ReadOptions(section, &storage->ingest);
  ReadOptions(section, &storage->sweep);
  section.Read("on_conflict", kOnConflict, &storage->quarantine_conflicts);
  ReadOptions(section, &storage->quarantine);
}

void ReadQueue(const ConfigReader& section, JobQueueOptions* queue, Backoff* backoff) {
  ReadOptions(section, queue);
  if (queue->lease_duration < absl::Seconds(1)) {
    section.Mistake("lease_ms", "is too short; expected 1000 (one second) or more");
  }
  ReadOptions(section, backoff);
  CheckBackoff(section, *backoff);
}

void ReadWorker(const ConfigReader& section, WorkerSettings* worker, PipelineSettings* pipeline) {
  ReadOptions(section, worker);
  section.Read("device", "\"cpu\", \"cuda:0\" or \"auto\"", IsDevice, &worker->device);
  ReadOptions(section, pipeline);
}

template <typename Listener>
void ReadAddress(const ConfigReader& section, Listener* listener) {
  section.Read("address", "an IP address, such as \"127.0.0.1\"", IsIpAddress, &listener->address);
  section.Read("insecure", &listener->insecure);
  if (!IsLoopback(listener->address) && !listener->insecure) {
    section.Mistake("address",
                    absl::StrCat("is ", listener->address,
                                 ", which others can reach without encryption or password; "
                                 "expected a loopback address, or `insecure: true` to allow it "
                                 "(TLS and tokens are not there yet)"));
  }
}

void ReadGrpc(const ConfigReader& section, GrpcSettings* grpc, IngestSettings* ingest) {
  ReadAddress(section, grpc);
  ReadOptions(section, grpc);
  ReadUploadOptions(section, ingest);
  const int needed = grpc->max_watchers + kThreadsBesideWatchers;
  if (grpc->max_threads < needed) {
    section.Mistake(section.Has("max_threads") ? "max_threads" : "max_watchers",
                    absl::StrCat("leaves no thread for other calls: each watcher holds one; "
                                 "expected max_threads >= max_watchers + ",
                                 kThreadsBesideWatchers, " = ", needed));
  }
}

void ReadHttp(const ConfigReader& section, HttpSettings* http) {
  ReadAddress(section, http);
  ReadOptions(section, http);
}

Config ReadConfig(const ConfigReader& file) {
  Config config;
  file.Read("data_directory", "a folder", NotEmpty, &config.data_directory);
  ReadDatabase(file, &config);
  file.Read("model_directory", "a folder", NotEmpty, &config.model_directory);
  file.Read("time_zone", "an IANA time zone known here, such as \"Europe/Berlin\"", IsTimeZone,
            &config.time_zone);
  ReadLogLevel(file, &config.log_level);
  file.Read("allow_root", &config.allow_root);
  ReadOptions(file, &config.node);
  ReadDicom(file.Section("dicom"), &config.dicom);
  ReadPeers(file, &config.peers);
  ReadDestinations(file, &config.destinations);
  CheckTls(file, config);
  OutputSettings outputs;
  ReadOptions(file.Section("outputs"), &outputs);
  ReadWorkflows(file, outputs, &config);
  ReadPrecisions(file, &config.precisions);
  ReadDelivery(file.Section("delivery"), &config.delivery);
  ReadStorage(file.Section("storage"), &config.storage);
  ReadQueue(file.Section("queue"), &config.queue, &config.pipeline.backoff);
  config.queue.longest_backoff = config.pipeline.backoff.maximum;
  config.outbox.longest_backoff = config.delivery.backoff.maximum;
  ReadWorker(file.Section("worker"), &config.worker, &config.pipeline);
  ReadOptions(file.Section("eligibility"), &config.eligibility);
  ReadGrpc(file.Section("grpc"), &config.grpc, &config.storage.ingest);
  ReadHttp(file.Section("http"), &config.http);
  return config;
}

absl::Status Report(const std::string& file, std::vector<ConfigMistake> mistakes) {
  const auto earlier = [](const ConfigMistake& a, const ConfigMistake& b) {
    return a.line < b.line;
  };
  std::stable_sort(mistakes.begin(), mistakes.end(), earlier);
  const auto one_line = [&](std::string* out, const ConfigMistake& mistake) {
    absl::StrAppend(out, file, ":", std::max(mistake.line, 1), ": ", mistake.text);
  };
  return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n", one_line));
}

// `path` as seen from `folder`.
std::string Resolve(const std::filesystem::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

// A password stands in a file that others cannot read, or nowhere.
absl::Status SettlePassword(const std::string& path, const std::filesystem::path& folder,
                            Config* config) {
  if (absl::StartsWith(config->database_uri, "sqlite:")) return absl::OkStatus();
  CAMNODE_ASSIGN_OR_RETURN(const bool has_password, HoldsPassword(config->database_uri));
  if (has_password) {
    return Annotate(CheckSecretFile(path),
                    absl::StrCat(path,
                                 ": database_uri holds a password, which may also stand alone in "
                                 "a database_password_file"));
  }
  if (config->database_password_file.empty()) return absl::OkStatus();
  config->database_password_file = Resolve(folder, config->database_password_file);
  absl::StatusOr<std::string> password = ReadSecretLine(config->database_password_file);
  if (!password.ok()) {
    return Annotate(password.status(), absl::StrCat(path, ": database_password_file"));
  }
  config->database_uri = WithPassword(config->database_uri, *password);
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> CalledAeTitles(const Config& config, const WorkflowConfig& workflow) {
  if (!workflow.called_ae_titles.empty()) return workflow.called_ae_titles;
  return {config.dicom.ae_title};
}

std::vector<std::vector<std::string>> ModelNames(const Config& config) {
  std::vector<std::vector<std::string>> names;
  for (const WorkflowConfig& workflow : config.workflows) names.push_back(workflow.models);
  return names;
}

absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& file) {
  ConfigFindings findings;
  std::vector<ConfigMistake>& mistakes = findings.mistakes;
  MistakeCollector collector(mistakes);
  TextFormat::ParseInfoTree where;
  TextFormat::Parser parser;
  parser.AllowUnknownField(true);  // A warning instead: the parser goes on.
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&where);
  config::v1::Config message;
  if (!parser.ParseFromString(text, &message)) return Report(file, std::move(mistakes));
  const ConfigReader reader(message, &where, "", findings);
  Config config = ReadConfig(reader);
  reader.ReportUnread();
  config.changed = std::move(findings.changed);
  if (!mistakes.empty()) return Report(file, std::move(mistakes));
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string text,
                           ReadFile(path, kMaxFileBytes, absl::StatusCode::kResourceExhausted));
  CAMNODE_ASSIGN_OR_RETURN(Config config, ParseConfig(text, path));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  config.data_directory = Resolve(folder, config.data_directory);
  config.model_directory = Resolve(folder, config.model_directory);
  TlsFiles& tls = config.dicom.tls;
  for (std::string* file : {&tls.certificate_file, &tls.private_key_file, &tls.ca_file}) {
    if (!file->empty()) *file = Resolve(folder, *file);
  }
  if (config.database_uri.empty()) {
    config.database_uri = absl::StrCat("sqlite:", config.data_directory, "/camnode.db");
  } else if (absl::StartsWith(config.database_uri, "sqlite:")) {
    config.database_uri = absl::StrCat("sqlite:", Resolve(folder, config.database_uri.substr(7)));
  }
  CAMNODE_RETURN_IF_ERROR(SettlePassword(path, folder, &config));
  config.file = path;
  config.file_sha256 = Sha256Hex(text);
  return config;
}

}  // namespace camnode
