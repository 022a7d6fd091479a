#include "services/ctl/address.h"

#include <cstdint>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "proto/camnode/config/v1/config.pb.h"
#include "services/settings/grpc_settings.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = 1 << 20;

absl::StatusOr<int> PortFromPortsFile(const fs::path& data_directory) {
  const fs::path path = data_directory / "ports.json";
  absl::StatusOr<std::string> text = ReadFile(path.string(), kMaxFileBytes);
  if (absl::IsNotFound(text.status())) {
    return absl::UnavailableError(absl::StrCat("no node runs with the data directory ",
                                               data_directory.string(),
                                               " (there is no ports.json in it)"));
  }
  CAMNODE_RETURN_IF_ERROR(text.status());
  google::protobuf::Struct ports;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*text, &ports);
  const auto port = ports.fields().find("grpc");
  if (!parsed.ok() || port == ports.fields().end() || !(port->second.number_value() >= 1) ||
      !(port->second.number_value() <= 65535)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), " names no grpc port"));
  }
  return static_cast<int>(port->second.number_value());
}

// The configuration's mistakes are the node's to report; here they only hide
// what we look for.
class QuietErrors final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

// Where this machine reaches a server that listens on `listening`.
std::string ReachableHost(const std::string& listening) {
  if (listening.empty() || listening == "0.0.0.0" || listening == "::") return "127.0.0.1";
  return absl::StrContains(listening, ':') ? absl::StrCat("[", listening, "]") : listening;
}

absl::StatusOr<std::string> AddressFromConfig(const fs::path& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path.string(), kMaxFileBytes));
  config::v1::Config config;
  QuietErrors errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.AllowUnknownField(true);
  if (!parser.ParseFromString(text, &config)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " is not a configuration; `camnode --check-config --config ",
                     path.string(), "` says where"));
  }
  const std::string data = config.data_directory().empty() ? "data" : config.data_directory();
  int port = config.grpc().has_port() ? config.grpc().port() : GrpcSettings().port;
  const absl::StatusOr<int> running = PortFromPortsFile(path.parent_path() / data);
  if (running.ok()) port = *running;
  if (port == 0) return running.status();
  return absl::StrCat(ReachableHost(config.grpc().address()), ":", port);
}

}  // namespace

absl::StatusOr<std::string> NodeAddress(const Arguments& arguments) {
  const bool by_address = arguments.Has("address");
  const bool by_config = arguments.Has("config");
  const bool by_data = arguments.Has("data-directory");
  if (by_address + by_config + by_data > 1) {
    return absl::InvalidArgumentError("give only one of --address, --config and --data-directory");
  }
  if (by_address) return arguments.Text("address");
  if (by_config) return AddressFromConfig(arguments.Text("config"));
  if (!by_data) return absl::StrCat(GrpcSettings().address, ":", GrpcSettings().port);
  CAMNODE_ASSIGN_OR_RETURN(const int port, PortFromPortsFile(arguments.Text("data-directory")));
  return absl::StrCat("127.0.0.1:", port);
}

}  // namespace camnode
