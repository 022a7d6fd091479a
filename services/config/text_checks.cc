#include "services/config/text_checks.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/strings/ascii.h"

namespace camnode {

bool IsIpAddress(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

bool IsName(const std::string& text) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}
bool IsAeTitle(const std::string& text) { return AeTitle::Parse(text).ok(); }

void ReadAeTitle(const ConfigReader& section, std::string* title) {
  section.Read("ae_title", kAeTitle, IsAeTitle, title);
  *title = AeTitle::Parse(*title).value_or(AeTitle()).text();
}

void ReadAeTitle(const ConfigReader& section, AeTitle* title) {
  std::string text = title->text();
  ReadAeTitle(section, &text);
  *title = AeTitle::Parse(text).value_or(AeTitle());
}

}  // namespace camnode
