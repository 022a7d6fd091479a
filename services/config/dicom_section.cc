#include "services/config/dicom_section.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "services/config/text_checks.h"

namespace camnode {
namespace {

bool IsAddressRange(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return IsIpAddress(text);
  int bits = -1;
  const bool is_v6 = text.find(':') != std::string::npos;
  return IsIpAddress(text.substr(0, slash)) && absl::SimpleAtoi(text.substr(slash + 1), &bits) &&
         bits >= 0 && bits <= (is_v6 ? 128 : 32);
}

bool IsHost(const std::string& text) {
  if (IsIpAddress(text)) return true;
  const auto allowed = [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= 253 && absl::ascii_isalnum(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}
bool IsHostOrEmpty(const std::string& text) { return text.empty() || IsHost(text); }
constexpr char kHost[] = "a host name or an IP address";

void ReadTls(const ConfigReader& section, DicomTlsConfig* tls) {
  const auto any = [](const std::string&) { return true; };
  section.Read("port", -1, kMaxPort, &tls->port);
  section.Read("certificate_file", "a PEM file", any, &tls->certificate_file);
  section.Read("private_key_file", "a PEM file", any, &tls->private_key_file);
  section.Read("ca_file", "a PEM file", any, &tls->ca_file);
  section.Read("require_peer_certificate", &tls->require_peer_certificate);
}

}  // namespace

void ReadDicom(const ConfigReader& section, DicomConfig* dicom) {
  ReadAeTitle(section, &dicom->ae_title);
  section.Read("port", -1, kMaxPort, &dicom->port);
  section.Read("max_associations", 1, 1000, &dicom->max_associations);
  section.Read("max_associations_per_peer", 1, 1000, &dicom->max_associations_per_peer);
  section.Read("max_pdu_bytes", 4096, 131072, &dicom->max_pdu_bytes);
  section.Read("max_instance_bytes", int64_t{1} << 10, int64_t{4} << 30,
               &dicom->max_instance_bytes);
  section.Read("idle_timeout_ms", absl::Hours(1), &dicom->idle_timeout);
  section.Read("association_request_timeout_ms", absl::Hours(1),
               &dicom->association_request_timeout);
  section.Read("instance_timeout_ms", absl::Hours(24), &dicom->instance_timeout);
  section.Read("accept_unknown_peers", &dicom->accept_unknown_peers);
  ReadTls(section.Section("tls"), &dicom->tls);
}

void ReadPeers(const ConfigReader& file, std::vector<PeerConfig>* peers) {
  std::set<std::string> titles;
  for (const ConfigReader& section : file.Sections("peers")) {
    PeerConfig peer;
    section.Require("ae_title", kAeTitle);
    section.Require("addresses", "at least one address or range, such as \"10.1.0.0/16\"");
    ReadAeTitle(section, &peer.ae_title);
    section.Read("addresses", "an IPv4 or IPv6 address or range, such as \"10.1.0.0/16\"",
                 IsAddressRange, &peer.addresses);
    section.Read("return_port", 0, kMaxPort, &peer.return_port);
    section.Read("return_host", kHost, IsHostOrEmpty, &peer.return_host);
    section.Read("return_tls", &peer.return_tls);
    section.Read("max_associations", 0, 1000, &peer.max_associations);
    section.Read("max_instance_bytes", int64_t{0}, int64_t{4} << 30, &peer.max_instance_bytes);
    if (!peer.ae_title.empty() && !titles.insert(peer.ae_title).second) {
      section.Mistake("ae_title",
                      "is a second peer of that title; expected one entry with all "
                      "its addresses");
    }
    peers->push_back(std::move(peer));
  }
}

void ReadDestinations(const ConfigReader& file, std::vector<DestinationConfig>* destinations) {
  std::set<std::string> names;
  for (const ConfigReader& section : file.Sections("destinations")) {
    DestinationConfig destination;
    section.Require("name", kName);
    section.Require("ae_title", kAeTitle);
    section.Require("host", kHost);
    section.Read("name", kName, IsName, &destination.name);
    ReadAeTitle(section, &destination.ae_title);
    section.Read("host", kHost, IsHost, &destination.host);
    section.Read("port", 1, kMaxPort, &destination.port);
    section.Read("tls", &destination.tls);
    section.Read("tls_server_name", kHost, IsHostOrEmpty, &destination.tls_server_name);
    if (!destination.name.empty() && !names.insert(destination.name).second) {
      section.Mistake("name", "is a second destination of that name; expected another name");
    }
    destinations->push_back(std::move(destination));
  }
}

void CheckTls(const ConfigReader& file, const Config& config) {
  const ConfigReader dicom = file.Section("dicom");
  const ConfigReader section = dicom.Section("tls");
  const DicomTlsConfig& tls = config.dicom.tls;
  if (config.dicom.port < 0 && tls.port < 0) {
    dicom.Mistake("port", "is -1 and there is no tls.port; expected at least one of the two");
  }
  const std::pair<const char*, const std::string*> files[] = {
      {"certificate_file", &tls.certificate_file},
      {"private_key_file", &tls.private_key_file},
      {"ca_file", &tls.ca_file}};
  const auto is_set = [](const auto& one) { return !one.second->empty(); };
  const bool some = std::any_of(std::begin(files), std::end(files), is_set);
  for (const auto& [option, path] : files) {
    if (path->empty() && (some || tls.port >= 0)) {
      section.Mistake(option, "is empty; TLS needs certificate_file, private_key_file and ca_file");
    }
  }
  if (tls.has_files()) return;
  const auto demand = [](const ConfigReader& where, const char* option) {
    where.Mistake(option,
                  "is true without certificates; expected dicom.tls.certificate_file, "
                  "private_key_file and ca_file");
  };
  for (const ConfigReader& peer : file.Sections("peers")) {
    bool wanted = false;
    peer.Read("return_tls", &wanted);
    if (wanted) demand(peer, "return_tls");
  }
  for (const ConfigReader& destination : file.Sections("destinations")) {
    bool wanted = false;
    destination.Read("tls", &wanted);
    if (wanted) demand(destination, "tls");
  }
}

}  // namespace camnode
