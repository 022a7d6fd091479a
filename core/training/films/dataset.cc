#include "core/training/films/dataset.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/training/films/found_films.h"
#include "core/training/films/header_patient.h"
#include "core/training/films/patient_patterns.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFilmBytes = std::uintmax_t{1} << 30;

std::string HeaderIsSilent(HeaderPatient::Source source) {
  switch (source) {
    case HeaderPatient::Source::kNoPatientId:
      return "; its DICOM header has no Patient ID either";
    case HeaderPatient::Source::kSameInAll:
      return "; the Patient ID in the DICOM headers is the same in all films";
    default:
      return "";
  }
}

// Why a film has no patient, for whoever has to give it one.
std::string PatientIsMissing(const FoundFilms& all, const LabelledFilm& film,
                             const std::vector<std::string>& patterns) {
  const std::string tried = absl::StrJoin(patterns, ", ");
  if (all.has_patient_column) {
    return absl::StrCat("its cell in the column 'patient', line ", film.line, ", is empty, and ",
                        patterns.empty()
                            ? "there is no pattern for the file's name (patient_patterns of a "
                              "recipe)"
                            : absl::StrCat("no pattern matches the file's name (", tried, ")"));
  }
  if (patterns.empty()) {
    return "there is neither a column 'patient' nor a pattern for the file's name "
           "(patient_patterns of a recipe)";
  }
  return absl::StrCat("there is no column 'patient', and no pattern matches the file's name (",
                      tried, ")");
}

absl::Status SetPatients(const DatasetOptions& options, FoundFilms& all) {
  CAMNODE_ASSIGN_OR_RETURN(const PatientPatterns patterns,
                           PatientPatterns::Compile(options.patient_patterns));
  std::vector<std::string> paths;
  for (const FoundFilm& found : all.films) paths.push_back(found.film.path);
  const std::vector<HeaderPatient> headers = ReadHeaderPatients(paths);
  for (size_t i = 0; i < headers.size(); ++i) {
    LabelledFilm& film = all.films[i].film;
    film.header_patient = headers[i].patient;
    if (!film.patient.empty()) continue;
    film.patient = patterns.PatientOf(film.name, film.header_patient);
    if (!film.patient.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        WhereIs(film), " has no patient: ", PatientIsMissing(all, film, options.patient_patterns),
        HeaderIsSilent(headers[i].source)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ClassesOf(const DatasetOptions& options,
                                                   const std::vector<FoundFilm>& films) {
  std::set<std::string> found;
  for (const FoundFilm& film : films) found.insert(film.class_name);
  if (options.classes.empty()) return std::vector<std::string>(found.begin(), found.end());
  const std::set<std::string> expected(options.classes.begin(), options.classes.end());
  if (expected.size() != options.classes.size()) {
    return absl::InvalidArgumentError("a class is expected twice");
  }
  for (const FoundFilm& film : films) {
    if (expected.count(film.class_name) > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(WhereIs(film.film), " is of class ", Quoted(film.class_name),
                     "; expected: ", absl::StrJoin(options.classes, ", ")));
  }
  for (const std::string& name : options.classes) {
    if (found.count(name) > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("no film of class ", Quoted(name)));
  }
  return options.classes;
}

int64_t OtherFiles(const FoundFilms& all) {
  int64_t files = 0;
  for (const auto& [split, count] : all.other_files) files += count;
  return files;
}

// Whose names are those of films as a scanner or an archive names them, perhaps.
std::string OtherFilesText(int64_t files) {
  return absl::StrCat(files, files == 1 ? " other file was" : " other files were",
                      " found in SPLIT/CLASS/, but the names of films must end in .dcm, .jpg, "
                      ".jpeg or .png, or be in a CSV file");
}

absl::Status CheckSplits(const DatasetOptions& options, const FoundFilms& all) {
  std::set<std::string> found;
  for (const FoundFilm& film : all.films) found.insert(film.film.split);
  for (const std::string& split : options.splits) {
    if (found.count(split) > 0) continue;
    if (const auto other = all.other_files.find(split); other != all.other_files.end()) {
      return absl::NotFoundError(
          absl::StrCat("no films in split ", Quoted(split), ": ", OtherFilesText(other->second)));
    }
    return absl::NotFoundError(absl::StrCat("no films in split ", Quoted(split),
                                            all.splits.empty() ? "" : "; there is ",
                                            QuotedList({all.splits.begin(), all.splits.end()})));
  }
  if (!all.films.empty()) return absl::OkStatus();
  const int64_t other_files = OtherFiles(all);
  return absl::NotFoundError(
      other_files == 0 ? "no films" : absl::StrCat("no films: ", OtherFilesText(other_files)));
}

absl::Status SortByName(std::vector<FoundFilm>& films) {
  absl::c_sort(films, [](const FoundFilm& a, const FoundFilm& b) {
    return std::tie(a.film.name, a.film.line) < std::tie(b.film.name, b.film.line);
  });
  const auto twice = absl::c_adjacent_find(
      films, [](const FoundFilm& a, const FoundFilm& b) { return a.film.name == b.film.name; });
  if (twice == films.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(WhereIs(std::next(twice)->film), " is in line ", twice->film.line, " already"));
}

absl::Status SetDigest(FoundFilm& found) {
  std::error_code error;
  if (!fs::is_regular_file(found.film.path, error)) {
    return absl::NotFoundError(absl::StrCat(WhereIs(found.film), ": no such file"));
  }
  const std::uintmax_t size = fs::file_size(found.film.path, error);
  if (error || size > kMaxFilmBytes) {
    return absl::InvalidArgumentError(absl::StrCat(WhereIs(found.film), ": larger than 1 GiB"));
  }
  absl::StatusOr<std::string> digest = Sha256HexOfFile(found.film.path);
  if (!digest.ok()) return Annotate(digest.status(), WhereIs(found.film));
  found.film.sha256 = *std::move(digest);
  return absl::OkStatus();
}

// All films that cannot be read are somebody's work, so all are told, or the first of many.
absl::Status SetDigests(std::vector<FoundFilm>& films) {
  constexpr size_t kShown = 10;
  std::vector<std::string> wrong;
  absl::Status first;
  for (FoundFilm& found : films) {
    const absl::Status status = SetDigest(found);
    if (status.ok()) continue;
    first.Update(status);
    wrong.emplace_back(status.message());
  }
  if (wrong.size() < 2) return first;
  const size_t shown = std::min(wrong.size(), kShown);
  return absl::Status(
      first.code(),
      absl::StrCat(wrong.size(), " films cannot be read: ",
                   absl::StrJoin(wrong.begin(), wrong.begin() + static_cast<long>(shown), "; "),
                   shown < wrong.size() ? "; ..." : ""));
}

// Bytes that are in two classes teach nothing and are somebody's mistake.
absl::Status CheckDuplicates(const std::vector<FoundFilm>& films) {
  std::unordered_map<std::string, const FoundFilm*> first_of_bytes;
  for (const FoundFilm& found : films) {
    const FoundFilm& first = *first_of_bytes.emplace(found.film.sha256, &found).first->second;
    if (first.class_name == found.class_name) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        WhereIs(found.film), " of class ", Quoted(found.class_name), " has the same bytes as ",
        Quoted(first.film.name), " of class ", Quoted(first.class_name)));
  }
  return absl::OkStatus();
}

std::string DigestOf(const std::vector<FoundFilm>& films) {
  Sha256 sha256;
  for (const FoundFilm& found : films) {
    const LabelledFilm& film = found.film;
    for (const std::string* part :
         {&film.name, &film.split, &found.class_name, &film.patient, &film.sha256}) {
      // With its NUL, which none of them holds: "ab" "c" is not "a" "bc".
      sha256.Update(absl::string_view(part->c_str(), part->size() + 1));
    }
  }
  return std::move(sha256).Finish();
}

absl::StatusOr<Dataset> MakeDataset(const DatasetOptions& options, FoundFilms all) {
  CAMNODE_RETURN_IF_ERROR(CheckSplits(options, all));
  std::vector<FoundFilm>& films = all.films;
  CAMNODE_RETURN_IF_ERROR(SortByName(films));
  Dataset dataset;
  CAMNODE_ASSIGN_OR_RETURN(dataset.classes, ClassesOf(options, films));
  CAMNODE_RETURN_IF_ERROR(SetPatients(options, all));
  CAMNODE_RETURN_IF_ERROR(SetDigests(films));
  CAMNODE_RETURN_IF_ERROR(CheckDuplicates(films));
  dataset.digest = DigestOf(films);
  dataset.other_files = OtherFiles(all);
  dataset.films.reserve(films.size());
  for (FoundFilm& found : films) {
    const auto position = absl::c_find(dataset.classes, found.class_name);
    found.film.class_index = static_cast<int>(position - dataset.classes.begin());
    dataset.films.push_back(std::move(found.film));
  }
  return dataset;
}

}  // namespace

absl::StatusOr<Dataset> ReadDataset(const DatasetOptions& options) {
  absl::StatusOr<FoundFilms> films = FindFilms(options);
  if (!films.ok()) return Annotate(films.status(), absl::StrCat("data set ", options.path));
  absl::StatusOr<Dataset> dataset = MakeDataset(options, *std::move(films));
  if (!dataset.ok()) return Annotate(dataset.status(), absl::StrCat("data set ", options.path));
  return dataset;
}

}  // namespace camnode
