#include "core/training/films/found_films.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/training/films/csv.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFilms = 10'000'000;
constexpr std::uintmax_t kMaxCsvBytes = std::uintmax_t{4} << 30;
constexpr size_t kMaxColumns = 256;
constexpr char kDefaultSplit[] = "train";

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
      ++all.other_files[folder.parent_path().filename().string()];
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
  found.film.line = record.line;
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
  // A record at a time: larger than what should lie in memory.
  std::ifstream file(options.path, std::ios::binary);
  if (!file) return absl::NotFoundError("cannot be opened");

  const char separator = SeparatorOf(file);
  CsvReader reader(file, separator);
  CAMNODE_ASSIGN_OR_RETURN(const CsvRecord header, reader.Next());
  CAMNODE_RETURN_IF_ERROR(CheckHeader(header.fields));
  FoundFilms all;
  all.has_patient_column = absl::c_linear_search(header.fields, "patient");
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

}  // namespace

absl::StatusOr<FoundFilms> FindFilms(const DatasetOptions& options) {
  std::error_code error;
  return fs::is_directory(options.path, error) ? FindInFolder(options) : FindInCsv(options);
}

}  // namespace camnode
