#include "core/training/films/header_patient.h"

#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/dicom/file/attribute_table.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/tags.h"

namespace camnode {
namespace {

using Source = HeaderPatient::Source;

constexpr size_t kHashDigits = 16;
// Fewer may all be of one person.
constexpr size_t kFewestOfNobody = 10;

constexpr WantedAttribute kWanted[] = {{tags::kPatientId}, {tags::kIssuerOfPatientId}};

// Whatever is no picture is tried as DICOM, as when films are decoded.
bool IsPicture(const std::string& path) {
  const std::string start = ReadFileStart(path, 4).value_or("");
  return absl::StartsWith(start, "\x89PNG") || absl::StartsWith(start, "\xff\xd8\xff");
}

HeaderPatient ReadOne(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || IsPicture(path)) return {};
  AttributeTable table(kWanted);
  if (!ScanDicomFile(path, ScanExtent::kHeader, table).ok()) return {};
  const std::string id = table.Text(tags::kPatientId);
  if (id.empty()) return {Source::kNoPatientId, ""};
  Sha256 sha256;
  const std::string issuer = table.Text(tags::kIssuerOfPatientId);
  // With its NUL: issuer "ab" of "c" is not issuer "a" of "bc".
  sha256.Update(absl::string_view(issuer.c_str(), issuer.size() + 1));
  sha256.Update(id);
  return {Source::kPatientId,
          absl::StrCat("dicom-", std::move(sha256).Finish().substr(0, kHashDigits))};
}

}  // namespace

std::vector<HeaderPatient> ReadHeaderPatients(const std::vector<std::string>& paths) {
  std::vector<HeaderPatient> result;
  std::set<std::string> patients;
  size_t headers = 0;
  for (const std::string& path : paths) {
    result.push_back(ReadOne(path));
    if (result.back().source == Source::kNoHeader) continue;
    ++headers;
    patients.insert(result.back().patient);
  }
  if (headers < kFewestOfNobody || patients.size() != 1 || patients.count("") > 0) return result;
  for (HeaderPatient& film : result) {
    if (film.source == Source::kPatientId) film = {Source::kSameInAll, ""};
  }
  return result;
}

}  // namespace camnode
