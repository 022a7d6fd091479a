// camnode: the DICOM node.  See README.md.

#include <stdlib.h>
#include <sys/stat.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/models/model_repository.h"
#include "core/storage/store_identity.h"
#include "scp/conformance.h"
#include "scp/wire/dcmtk_setup.h"
#include "scp/wire/tls_credentials.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/config/config.h"
#include "services/config/configured_models.h"
#include "services/node/arguments.h"
#include "services/node/node.h"
#include "services/node/open_store.h"
#include "services/node/part_options.h"
#include "services/node/service_manager.h"
#include "services/node/stop_sequence.h"
#include "services/node/stop_signals.h"
#include "services/privileges/process_rights.h"

namespace camnode {
namespace {

enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = kMisusedExitCode };

void Complain(absl::string_view sentence) { PrintError(std::cerr, "camnode", sentence); }

int CheckConfig(const Config& config) {
  const auto models = LoadConfiguredModels(config, WeightsCheck::kVerifyDigest);
  if (!models.ok()) {
    Complain(absl::StrCat(config.file, ": ", models.status().message()));
    return kUsage;
  }
  if (config.dicom.tls.given()) {
    const auto tls = TlsCredentials::Load(config.dicom.tls);
    if (!tls.ok()) {
      Complain(absl::StrCat(config.file, ": ", tls.status().message()));
      return kUsage;
    }
  }
  std::cout << config.file << ": no mistakes" << std::endl;
  return kDone;
}

int PrintConformance(const Config& config) {
  const absl::Status dcmtk = SetUpDcmtkNetwork();
  if (!dcmtk.ok()) {
    Complain(dcmtk.message());
    return kFailed;
  }
  std::cout << ConformanceTables(MakeConformanceSubject(config)) << std::flush;
  return kDone;
}

// What a node does without, whatever it is started with.
absl::Status GiveUpRights(const Config& config) {
  CAMNODE_RETURN_IF_ERROR(CheckUser(config.allow_root));
  CAMNODE_RETURN_IF_ERROR(ForbidCoreDumps());
  return ForbidNewPrivileges();
}

int Adopt(const Config& config) {
  const absl::StatusOr<AdoptedStore> adopted = AdoptStoreOf(config);
  if (!adopted.ok()) {
    Complain(absl::StrCat(adopted.status().message(), " (configuration: ", config.file, ")"));
    return kFailed;
  }
  std::cout << "database and blobs are store " << adopted->identity.store_id
            << " from now on, and watchers begin again.  The database has " << adopted->films
            << " films; of " << adopted->films_sampled << " looked for, " << adopted->films_found
            << " have their file." << std::endl;
  if (adopted->films_found < adopted->films_sampled) {
    std::cout << "Files are missing: is this the right directory?  If so, have those films sent "
                 "again."
              << std::endl;
  }
  return kDone;
}

int Run(const Config& config) {
  SetLogLevel(config.log_level);
  const absl::Status given_up = GiveUpRights(config);
  if (!given_up.ok()) {
    Complain(absl::StrCat(given_up.message(), " (configuration: ", config.file, ")"));
    return absl::IsPermissionDenied(given_up) ? kUsage : kFailed;
  }
  StopSignals signals;
  absl::StatusOr<std::unique_ptr<Node>> node =
      Node::Start(config, ServiceManager::FromEnvironment());
  if (!node.ok()) {
    Complain(absl::StrCat(node.status().message(), " (configuration: ", config.file, ")"));
    return kFailed;
  }
  const int signal = signals.Wait([&] { (*node)->ReloadCertificates(); });
  Log(LogLevel::kInfo, "node_stopping", {{LogField::kReason, absl::StrCat("signal ", signal)}});
  StopSequence stop(config.node.stop_timeout);
  (*node)->Stop(stop);
  if (stop.complete()) stop.Run(1.0, {{"the database", [&node] { node->reset(); }}});
  if (!stop.complete()) stop.GiveUp();
  Log(LogLevel::kInfo, "node_stopped", {});
  return kDone;
}

int Main(const std::vector<std::string>& words) {
  // Whatever we write is for this user alone.
  umask(S_IRWXG | S_IRWXO);
  BlockStopSignals();
  // gRPC's own log, which is not one line of JSON; every error it has reaches us, too.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  SetLogProgram("camnode");
  StartLogThread();
  const Program program = NodeProgram();
  const CommandLine line = ParseCommandLine(program, words);
  const absl::optional<int> answered = AnswerCommandLine(program, line, std::cout, std::cerr);
  if (answered.has_value()) return *answered;
  const bool conformance = line.arguments.Has("conformance");
  const std::string file = line.arguments.Text("config");
  if (file.empty() && !conformance) {
    return PrintMisuse(std::cerr, program, line.command, "--config FILE is missing");
  }
  const absl::StatusOr<Config> config = file.empty() ? ParseConfig("", "") : LoadConfig(file);
  if (!config.ok()) {
    // One line per mistake, each with its file and line.
    std::cerr << config.status().message() << std::endl;
    return kUsage;
  }
  if (conformance) return PrintConformance(*config);
  if (line.arguments.Has("adopt-store")) return Adopt(*config);
  return line.arguments.Has("check-config") ? CheckConfig(*config) : Run(*config);
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
