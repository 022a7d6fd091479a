#include "scp/wire/certificate_names.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/strings/match.h"

namespace camnode {
namespace {

constexpr size_t kMaxNames = 100;

void Add(const ASN1_STRING* text, std::vector<std::string>& names) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return;
  const std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && !name.empty() && names.size() < kMaxNames) names.push_back(name);
}

}  // namespace

std::vector<std::string> NamesInCertificate(const X509* certificate) {
  std::vector<std::string> names;
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
    Add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)), names);
  }
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> others(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(others.get()); ++i) {
    const GENERAL_NAME* const other = sk_GENERAL_NAME_value(others.get(), i);
    if (other->type == GEN_DNS) Add(other->d.dNSName, names);
  }
  return names;
}

bool CarriesOneOf(const std::vector<std::string>& carried, const std::vector<std::string>& wanted) {
  return std::any_of(carried.begin(), carried.end(), [&wanted](const std::string& name) {
    return std::any_of(wanted.begin(), wanted.end(), [&name](const std::string& one) {
      return absl::EqualsIgnoreCase(name, one);
    });
  });
}

}  // namespace camnode
