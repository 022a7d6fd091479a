// camnode: the DICOM node.  See README.md.

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "scp/conformance.h"
#include "scp/wire/dcmtk_setup.h"
#include "services/config/config.h"
#include "services/config/configured_models.h"
#include "services/node/node.h"
#include "services/node/part_options.h"
#include "services/node/shutdown.h"

namespace camnode {
namespace {

enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

constexpr char kHelp[] =
    "camnode: receives chest films over DICOM, has them analysed, sends the results.\n"
    "RESEARCH ONLY - NOT FOR DIAGNOSIS\n"
    "\n"
    "  camnode --config FILE                  runs until SIGTERM or SIGINT\n"
    "  camnode --config FILE --check-config   reports every mistake in FILE, runs nothing\n"
    "  camnode --conformance [--config FILE]  prints the tables of the DICOM conformance "
    "statement\n"
    "  camnode --version\n"
    "  camnode --help\n"
    "\n"
    "deploy/camnode.textproto shows every option with its default.\n";

struct CommandLine {
  std::string config;
  bool check_config = false;
  bool conformance = false;
  bool version = false;
  bool help = false;
  std::string mistake;  // Empty: none.
};

CommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (std::size_t i = 0; i < arguments.size() && line.mistake.empty(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--check-config") {
      line.check_config = true;
    } else if (argument == "--conformance") {
      line.conformance = true;
    } else if (argument == "--version") {
      line.version = true;
    } else if (argument == "--help" || argument == "-h") {
      line.help = true;
    } else if (argument == "--config") {
      if (i + 1 == arguments.size()) {
        line.mistake = "--config needs a file";
      } else {
        line.config = arguments[++i];
      }
    } else if (argument.rfind("--config=", 0) == 0) {
      line.config = argument.substr(9);
    } else {
      line.mistake = absl::StrCat("unknown argument '", argument, "'");
    }
  }
  if (line.mistake.empty() && line.config.empty() && !line.version && !line.help &&
      !line.conformance) {
    line.mistake = "--config FILE is missing";
  }
  return line;
}

void Complain(absl::string_view text) {
  std::fprintf(stderr, "camnode: %.*s\n", static_cast<int>(text.size()), text.data());
}

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
  std::printf("%s: no mistakes\n", config.file.c_str());
  return kDone;
}

int PrintConformance(const Config& config) {
  const absl::Status dcmtk = SetUpDcmtkNetwork();
  if (!dcmtk.ok()) {
    Complain(dcmtk.message());
    return kFailed;
  }
  std::fputs(ConformanceTables(MakeConformanceSubject(config)).c_str(), stdout);
  return kDone;
}

int Run(const Config& config) {
  SetLogLevel(config.log_level);
  absl::StatusOr<std::unique_ptr<Node>> node = Node::Start(config);
  if (!node.ok()) {
    Complain(absl::StrCat(node.status().message(), " (configuration: ", config.file, ")"));
    return kFailed;
  }
  const int signal = WaitForStopSignal([&] { (*node)->ReloadCertificates(); });
  Log(LogLevel::kInfo, "node_stopping", {{LogField::kReason, absl::StrCat("signal ", signal)}});
  (*node)->Stop();
  Log(LogLevel::kInfo, "node_stopped", {});
  return kDone;
}

int Main(const std::vector<std::string>& arguments) {
  // Whatever we write is for this user alone.
  umask(S_IRWXG | S_IRWXO);
  BlockStopSignals();
  // gRPC's own log, which is not one line of JSON; every error it has reaches us, too.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  SetLogProgram("camnode");
  const CommandLine line = ParseCommandLine(arguments);
  if (!line.mistake.empty()) {
    Complain(absl::StrCat(line.mistake, "; see camnode --help"));
    return kUsage;
  }
  if (line.help) {
    std::fputs(kHelp, stdout);
    return kDone;
  }
  if (line.version) {
    std::printf("camnode %s\n", kCamnodeVersion);
    return kDone;
  }
  const absl::StatusOr<Config> config =
      line.config.empty() ? ParseConfig("", "") : LoadConfig(line.config);
  if (!config.ok()) {
    // One line per mistake, each with its file and line.
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return kUsage;
  }
  if (line.conformance) return PrintConformance(*config);
  return line.check_config ? CheckConfig(*config) : Run(*config);
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
