#include "core/training/dataset.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/training/csv.h"
#include "core/training/patient_patterns.h"
#include "core/training/xml_text.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFilms = 10'000'000;
constexpr std::uintmax_t kMaxFilmBytes = std::uintmax_t{1} << 30;
constexpr std::uintmax_t kMaxCsvBytes = std::uintmax_t{4} << 30;
constexpr size_t kMaxColumns = 256;
constexpr char kDefaultSplit[] = "train";

// A film as the folder or the CSV names it, before anything of it is looked up.
struct FoundFilm {
  LabelledFilm film;
  std::string class_name;
  int64_t line = 0;  // Of the CSV; 0: found in a folder.
};

std::string Quoted(absl::string_view text) { return absl::StrCat("'", CleanUtf8(text), "'"); }

// "'a', 'b'"; of many the first.
template <typename Texts>
std::string QuotedList(const Texts& texts) {
  constexpr size_t kShown = 20;
  std::vector<std::string> shown;
  for (const std::string& text : texts) {
    if (shown.size() == kShown) return absl::StrCat(absl::StrJoin(shown, ", "), " and more");
    shown.push_back(Quoted(text));
  }
  return absl::StrJoin(shown, ", ");
}

// Films of the splits asked for, and what else is there.
struct FoundFilms {
  std::vector<FoundFilm> films;
  std::set<std::string> splits;
  int64_t other_files = 0;
};

std::string WhereIs(const FoundFilm& found) {
  const std::string name = absl::StrCat("film ", Quoted(found.film.name));
  return found.line == 0 ? name : absl::StrCat("line ", found.line, ": ", name);
}

// Names end in reports, manifests and messages, which take nothing else.
absl::Status CheckUtf8(const std::string& text) {
  const std::string clean = CleanUtf8(text);
  if (clean == text) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(clean), " is not UTF-8: save the file, or name the film, in UTF-8"));
}

bool IsWanted(const std::string& split, const DatasetOptions& options) {
  return options.splits.empty() || absl::c_linear_search(options.splits, split);
}

absl::Status CheckCount(size_t films) {
  if (films < kMaxFilms) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxFilms, " films"));
}

// ---- A folder of SPLIT/CLASS/films.

bool HasFilmExtension(const fs::path& path) {
  static const auto* const extensions = new std::set<std::string>{".dcm", ".jpeg", ".jpg", ".png"};
  return extensions->count(absl::AsciiStrToLower(path.extension().string())) > 0;
}

// Refuses a link that leads out of `root`, which is canonical.
absl::Status CheckLink(const fs::directory_entry& entry, const fs::path& root) {
  std::error_code error;
  if (!entry.is_symlink(error)) return absl::OkStatus();
  const fs::path target = fs::canonical(entry.path(), error);
  const bool inside =
      !error &&
      std::mismatch(root.begin(), root.end(), target.begin(), target.end()).first == root.end();
  if (inside) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "link ", Quoted(entry.path().string()),
      " leads out of the data set or nowhere; films elsewhere can be named in a CSV file"));
}

// The entries of a folder in the order of their names; hidden ones are left out.
absl::StatusOr<std::vector<fs::directory_entry>> ListFolder(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator next(folder, error), end; !error && next != end;
       next.increment(error)) {
    if (next->path().filename().string().front() == '.') continue;
    CAMNODE_RETURN_IF_ERROR(CheckCount(entries.size()));
    entries.push_back(*next);
  }
  if (error) return StatusOfErrno(error.value(), absl::StrCat("folder ", Quoted(folder.string())));
  absl::c_sort(entries, [](const fs::directory_entry& a, const fs::directory_entry& b) {
    return a.path().native() < b.path().native();
  });
  return entries;
}

absl::StatusOr<std::vector<fs::path>> ListSubfolders(const fs::path& folder, const fs::path& root) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<fs::directory_entry> entries, ListFolder(folder));
  std::vector<fs::path> folders;
  std::error_code error;
  for (const fs::directory_entry& entry : entries) {
    if (!entry.is_directory(error)) continue;
    CAMNODE_RETURN_IF_ERROR(CheckLink(entry, root));
    folders.push_back(entry.path());
  }
  return folders;
}

absl::Status AppendFilmsOfClass(const fs::path& folder, const fs::path& root, FoundFilms& all) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<fs::directory_entry> entries, ListFolder(folder));
  for (const fs::directory_entry& entry : entries) {
    if (!HasFilmExtension(entry.path())) {
      ++all.other_files;
      continue;
    }
    CAMNODE_RETURN_IF_ERROR(CheckLink(entry, root));
    CAMNODE_RETURN_IF_ERROR(CheckCount(all.films.size()));
    FoundFilm found;
    found.film.path = entry.path().string();
    found.film.split = folder.parent_path().filename().string();
    found.class_name = folder.filename().string();
    found.film.name = absl::StrCat(found.film.split, "/", found.class_name, "/",
                                   entry.path().filename().string());
    CAMNODE_RETURN_IF_ERROR(CheckUtf8(found.film.name));
    all.films.push_back(std::move(found));
  }
  return absl::OkStatus();
}

// Whether films lie in the folder itself.
bool HoldsFilms(const fs::path& folder) {
  const absl::StatusOr<std::vector<fs::directory_entry>> entries = ListFolder(folder);
  return entries.ok() && absl::c_any_of(*entries, [](const fs::directory_entry& entry) {
           std::error_code error;
           return HasFilmExtension(entry.path()) && !entry.is_directory(error);
         });
}

// What a folder without a single SPLIT/CLASS/film may be instead.
absl::Status NoFilms(const fs::path& root, const std::vector<fs::path>& folders) {
  std::string instead;
  if (HoldsFilms(root)) instead = "; films without a class lie in the folder itself";
  for (const fs::path& folder : folders) {
    if (!HoldsFilms(folder)) continue;
    instead = absl::StrCat("; films lie in ", Quoted(folder.filename().string()),
                           ", which seems to be a class: if so, the data set is '",
                           CleanUtf8(root.parent_path().string()), "' and its split ",
                           Quoted(root.filename().string()));
    break;
  }
  return absl::NotFoundError(absl::StrCat("no films in SPLIT/CLASS/ (.dcm, .jpg, .jpeg, .png)",
                                          instead,
                                          "; any other order of films can be named in a CSV file"));
}

absl::StatusOr<FoundFilms> FindInFolder(const DatasetOptions& options) {
  std::error_code error;
  const fs::path root = fs::canonical(options.path, error);
  if (error) return StatusOfErrno(error.value(), Quoted(options.path));
  FoundFilms all;
  bool has_classes = false;
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<fs::path> splits, ListSubfolders(root, root));
  for (const fs::path& split : splits) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<fs::path> classes, ListSubfolders(split, root));
    if (classes.empty()) continue;
    has_classes = true;
    all.splits.insert(split.filename().string());
    if (!IsWanted(split.filename().string(), options)) continue;
    for (const fs::path& folder : classes) {
      CAMNODE_RETURN_IF_ERROR(AppendFilmsOfClass(folder, root, all));
    }
  }
  if (!has_classes) return NoFilms(root, splits);
  return all;
}

// ---- A CSV file.

// A spreadsheet program divides the fields of a "CSV" by what its language leaves free.
char SeparatorOf(std::ifstream& file) {
  std::string line(CsvReader::kMaxRecordBytes, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<size_t>(file.gcount()));
  line.resize(std::min(line.size(), line.find_first_of("\r\n")));
  file.clear();
  file.seekg(0);
  for (const char separator : {',', ';', '\t'}) {
    if (absl::StrContains(line, separator)) return separator;
  }
  return ',';
}

absl::Status CheckHeader(const std::vector<std::string>& columns) {
  if (columns.size() > kMaxColumns) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxColumns, " columns"));
  }
  for (const char* needed : {"path", "class"}) {
    if (!absl::c_linear_search(columns, needed)) {
      return absl::InvalidArgumentError(absl::StrCat("the header line has no column '", needed,
                                                     "'; it has ", QuotedList(columns)));
    }
  }
  for (const std::string& column : columns) CAMNODE_RETURN_IF_ERROR(CheckUtf8(column));
  const std::set<std::string> distinct(columns.begin(), columns.end());
  if (distinct.size() != columns.size() || distinct.count("") > 0) {
    return absl::InvalidArgumentError("the header line has a column without a name, or two alike");
  }
  return absl::OkStatus();
}

absl::StatusOr<FoundFilm> FilmOfRecord(const CsvRecord& record,
                                       const std::vector<std::string>& columns,
                                       const fs::path& folder) {
  const auto error = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("line ", record.line, ": ", what));
  };
  if (record.fields.size() != columns.size()) {
    return error(absl::StrCat(record.fields.size(), " fields under ", columns.size(), " columns"));
  }
  FoundFilm found;
  found.line = record.line;
  found.film.split = kDefaultSplit;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& value = record.fields[i];
    const absl::Status readable = CheckUtf8(value);
    if (!readable.ok()) return error(std::string(readable.message()));
    if (columns[i] == "path") {
      found.film.name = value;
    } else if (columns[i] == "class") {
      found.class_name = value;
    } else if (columns[i] == "patient") {
      found.film.patient = value;
    } else if (columns[i] == "split") {
      if (!value.empty()) found.film.split = value;
    } else {
      found.film.columns[columns[i]] = value;
    }
  }
  if (found.film.name.empty()) return error("no path");
  if (found.class_name.empty()) return error("no class");
  found.film.path = (folder / found.film.name).lexically_normal().string();
  return found;
}

absl::StatusOr<FoundFilms> FindInCsv(const DatasetOptions& options) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(options.path, error);
  if (error) return StatusOfErrno(error.value(), Quoted(options.path));
  if (size > kMaxCsvBytes) return absl::InvalidArgumentError("larger than 4 GiB");
  std::ifstream file(options.path, std::ios::binary);
  if (!file) return absl::NotFoundError("cannot be opened");

  const char separator = SeparatorOf(file);
  CsvReader reader(file, separator);
  CAMNODE_ASSIGN_OR_RETURN(const CsvRecord header, reader.Next());
  CAMNODE_RETURN_IF_ERROR(CheckHeader(header.fields));
  FoundFilms all;
  while (true) {
    CAMNODE_ASSIGN_OR_RETURN(const CsvRecord record, reader.Next());
    if (record.line == 0) return all;
    CAMNODE_ASSIGN_OR_RETURN(
        FoundFilm found, FilmOfRecord(record, header.fields, fs::path(options.path).parent_path()));
    all.splits.insert(found.film.split);
    if (!IsWanted(found.film.split, options)) continue;
    CAMNODE_RETURN_IF_ERROR(CheckCount(all.films.size()));
    all.films.push_back(std::move(found));
  }
}

// ---- What both need.

absl::Status SetPatients(const DatasetOptions& options, std::vector<FoundFilm>& films) {
  CAMNODE_ASSIGN_OR_RETURN(const PatientPatterns patterns,
                           PatientPatterns::Compile(options.patient_patterns));
  for (FoundFilm& found : films) {
    if (!found.film.patient.empty()) continue;
    found.film.patient = patterns.PatientIn(fs::path(found.film.name).filename().string());
    if (!found.film.patient.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(WhereIs(found), " has no patient: ",
                     options.patient_patterns.empty()
                         ? "there is neither a column 'patient' nor a pattern for the file's name "
                           "(patient_patterns of a recipe)"
                         : absl::StrCat("the column 'patient' is absent or empty, and no pattern "
                                        "matches the file's name (",
                                        absl::StrJoin(options.patient_patterns, ", "), ")")));
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
        absl::StrCat(WhereIs(film), " is of class ", Quoted(film.class_name),
                     "; expected: ", absl::StrJoin(options.classes, ", ")));
  }
  for (const std::string& name : options.classes) {
    if (found.count(name) > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("no film of class ", Quoted(name)));
  }
  return options.classes;
}

absl::Status CheckSplits(const DatasetOptions& options, const FoundFilms& all) {
  std::set<std::string> found;
  for (const FoundFilm& film : all.films) found.insert(film.film.split);
  for (const std::string& split : options.splits) {
    if (found.count(split) > 0) continue;
    return absl::NotFoundError(absl::StrCat("no films in split ", Quoted(split),
                                            all.splits.empty() ? "" : "; there is ",
                                            QuotedList(all.splits)));
  }
  if (all.films.empty()) return absl::NotFoundError("no films");
  return absl::OkStatus();
}

absl::Status SortByName(std::vector<FoundFilm>& films) {
  absl::c_sort(films, [](const FoundFilm& a, const FoundFilm& b) {
    return std::tie(a.film.name, a.line) < std::tie(b.film.name, b.line);
  });
  const auto twice = absl::c_adjacent_find(
      films, [](const FoundFilm& a, const FoundFilm& b) { return a.film.name == b.film.name; });
  if (twice == films.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(WhereIs(*std::next(twice)), " is in line ", twice->line, " already"));
}

absl::Status SetDigest(FoundFilm& found) {
  std::error_code error;
  if (!fs::is_regular_file(found.film.path, error)) {
    return absl::NotFoundError(absl::StrCat(WhereIs(found), ": no such file"));
  }
  const std::uintmax_t size = fs::file_size(found.film.path, error);
  if (error || size > kMaxFilmBytes) {
    return absl::InvalidArgumentError(absl::StrCat(WhereIs(found), ": larger than 1 GiB"));
  }
  absl::StatusOr<std::string> digest = Sha256HexOfFile(found.film.path);
  if (!digest.ok()) return Annotate(digest.status(), WhereIs(found));
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
        WhereIs(found), " of class ", Quoted(found.class_name), " has the same bytes as ",
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
  CAMNODE_RETURN_IF_ERROR(SetPatients(options, films));
  CAMNODE_RETURN_IF_ERROR(SetDigests(films));
  CAMNODE_RETURN_IF_ERROR(CheckDuplicates(films));
  dataset.digest = DigestOf(films);
  dataset.other_files = all.other_files;
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
  std::error_code error;
  const bool is_folder = fs::is_directory(options.path, error);
  absl::StatusOr<FoundFilms> films = is_folder ? FindInFolder(options) : FindInCsv(options);
  if (!films.ok()) return Annotate(films.status(), absl::StrCat("data set ", options.path));
  absl::StatusOr<Dataset> dataset = MakeDataset(options, *std::move(films));
  if (!dataset.ok()) return Annotate(dataset.status(), absl::StrCat("data set ", options.path));
  return dataset;
}

}  // namespace camnode
