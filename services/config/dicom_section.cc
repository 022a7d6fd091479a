#include "services/config/dicom_section.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/settings/address_range.h"
#include "scp/settings/peer.h"
#include "scp/settings/remote_ae.h"
#include "scp/settings/tls_files.h"
#include "services/config/text_checks.h"

namespace camnode {
namespace {

bool IsAddressRange(const std::string& text) { return AddressRange::Parse(text).ok(); }

bool IsHost(const std::string& text) {
  if (IsIpAddress(text)) return true;
  const auto allowed = [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= 253 && absl::ascii_isalnum(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}
bool IsHostOrEmpty(const std::string& text) { return text.empty() || IsHost(text); }
constexpr char kHost[] = "a host name or an IP address";

// A common name may have spaces.
bool IsCertificateName(const std::string& text) {
  const auto allowed = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), allowed) &&
         text.front() != ' ' && text.back() != ' ';
}
constexpr char kCertificateName[] =
    "a common name or DNS name that the peer's certificate carries, in printable ASCII";

void ReadTls(const ConfigReader& section, TlsFiles* tls) {
  const auto any = [](const std::string&) { return true; };
  section.Read("certificate_file", "a PEM file", any, &tls->certificate_file);
  section.Read("private_key_file", "a PEM file", any, &tls->private_key_file);
  section.Read("ca_file", "a PEM file", any, &tls->ca_file);
  section.Read("require_peer_certificate", &tls->require_peer_certificate);
}

}  // namespace

void ReadDicom(const ConfigReader& section, DicomConfig* dicom) {
  ReadAeTitle(section, &dicom->ae_title);
  ReadOptions(section, &dicom->acceptor);
  section.Read("accept_unknown_peers", &dicom->accept_unknown_peers);
  ReadTlsPort(section.Section("tls"), &dicom->acceptor);
  ReadTls(section.Section("tls"), &dicom->tls);
}

void ReadPeers(const ConfigReader& file, std::vector<Peer>* peers) {
  std::set<std::string> titles;
  for (const ConfigReader& section : file.Sections("peers")) {
    Peer peer;
    section.Require("ae_title", kAeTitle);
    section.Require("addresses", "at least one address or range, such as \"10.1.0.0/16\"");
    ReadAeTitle(section, &peer.ae_title);
    std::vector<std::string> addresses;
    section.Read("addresses", "an IPv4 or IPv6 address or range, such as \"10.1.0.0/16\"",
                 IsAddressRange, &addresses);
    for (const std::string& address : addresses) {
      peer.addresses.push_back(AddressRange::Parse(address).value());
    }
    section.Read("certificate_names", kCertificateName, IsCertificateName, &peer.certificate_names);
    section.Read("return_host", kHost, IsHostOrEmpty, &peer.return_host);
    ReadOptions(section, &peer);
    if (!peer.ae_title.empty() && !titles.insert(peer.ae_title.text()).second) {
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
    RemoteAe& remote = destination.remote;
    ReadAeTitle(section, &remote.ae_title);
    section.Read("host", kHost, IsHost, &remote.host);
    section.Read("tls_server_name", kHost, IsHostOrEmpty, &remote.tls_server_name);
    ReadOptions(section, &remote);
    if (!destination.name.empty() && !names.insert(destination.name).second) {
      section.Mistake("name", "is a second destination of that name; expected another name");
    }
    destinations->push_back(std::move(destination));
  }
}

void CheckTls(const ConfigReader& file, const Config& config) {
  const ConfigReader dicom = file.Section("dicom");
  const ConfigReader section = dicom.Section("tls");
  const AcceptorSettings& acceptor = config.dicom.acceptor;
  const TlsFiles& tls = config.dicom.tls;
  if (acceptor.port < 0 && acceptor.tls_port < 0) {
    dicom.Mistake("port", "is -1 and there is no tls.port; expected at least one of the two");
  }
  const std::pair<const char*, const std::string*> files[] = {
      {"certificate_file", &tls.certificate_file},
      {"private_key_file", &tls.private_key_file},
      {"ca_file", &tls.ca_file}};
  const auto is_set = [](const auto& one) { return !one.second->empty(); };
  const bool some = std::any_of(std::begin(files), std::end(files), is_set);
  for (const auto& [option, path] : files) {
    if (path->empty() && (some || acceptor.tls_port >= 0)) {
      section.Mistake(option, "is empty; TLS needs certificate_file, private_key_file and ca_file");
    }
  }
  if (acceptor.tls_port < 0) {
    for (const ConfigReader& peer : file.Sections("peers")) {
      if (!peer.Has("certificate_names")) continue;
      peer.Mistake("certificate_names",
                   "are given, but nobody can show a certificate; expected dicom.tls.port");
    }
  }
  if (tls.given()) return;
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
