#include "core/training/train/out_of_fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/training/films/csv.h"

namespace camnode {
namespace {

constexpr size_t kMaxFilms = 10'000'000;
constexpr std::array<const char*, 6> kColumns = {"name", "patient", "class",
                                                 "fold", "logit",   "probability"};

using Films = std::map<std::string, std::pair<ScoredFilm, std::string>>;

absl::Status LineError(const std::string& path, int64_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": line ", line, ": ", what));
}

// Where each of kColumns stands.
absl::StatusOr<std::array<size_t, 6>> FindColumns(const std::string& path,
                                                  const CsvRecord& header) {
  std::array<size_t, 6> places{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const auto found = std::find(header.fields.begin(), header.fields.end(), kColumns[i]);
    if (found == header.fields.end()) {
      return LineError(path, header.line, absl::StrCat("no column ", kColumns[i]));
    }
    places[i] = static_cast<size_t>(found - header.fields.begin());
  }
  return places;
}

absl::Status AddFilm(const std::string& path, const CsvRecord& record,
                     const std::array<size_t, 6>& places, Films& films) {
  const auto field = [&](size_t i) { return record.fields[places[i]]; };
  ScoredFilm film;
  film.name = field(0);
  film.patient = field(1);
  if (!absl::SimpleAtoi(field(3), &film.fold) || film.fold < 0) {
    return LineError(path, record.line, "the fold is not a number");
  }
  if (!absl::SimpleAtod(field(4), &film.logit) || !std::isfinite(film.logit)) {
    return LineError(path, record.line, "the logit is not a number");
  }
  if (!absl::SimpleAtod(field(5), &film.probability) ||
      !(film.probability >= 0.0 && film.probability <= 1.0)) {
    return LineError(path, record.line, "the probability is not between 0 and 1");
  }
  const std::string name = film.name;
  if (films.size() == kMaxFilms || !films.emplace(name, std::make_pair(film, field(2))).second) {
    return LineError(path, record.line, "a film that was there before");
  }
  return absl::OkStatus();
}

absl::Status AddFilmsOf(const std::string& path, Films& films) {
  // A record at a time: there may be ten million.
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("no file ", path));
  CsvReader reader(file);
  absl::StatusOr<CsvRecord> header = reader.Next();
  if (!header.ok()) return Annotate(header.status(), path);
  CAMNODE_ASSIGN_OR_RETURN(const auto places, FindColumns(path, *header));
  while (true) {
    absl::StatusOr<CsvRecord> record = reader.Next();
    if (!record.ok()) return Annotate(record.status(), path);
    if (record->line == 0) return absl::OkStatus();
    if (record->fields.size() != header->fields.size()) {
      return LineError(path, record->line, "another number of fields than the header line");
    }
    CAMNODE_RETURN_IF_ERROR(AddFilm(path, *record, places, films));
  }
}

}  // namespace

absl::StatusOr<OutOfFoldScores> ReadOutOfFold(const std::vector<std::string>& paths,
                                              const std::string& positive_class) {
  Films films;
  for (const std::string& path : paths) CAMNODE_RETURN_IF_ERROR(AddFilmsOf(path, films));
  if (films.empty()) return absl::InvalidArgumentError("no film in the out-of-fold files");
  OutOfFoldScores scores;
  std::set<std::string> classes;
  std::set<int> folds;
  for (auto& [name, entry] : films) {
    auto& [film, class_name] = entry;
    film.positive = class_name == positive_class;
    classes.insert(class_name);
    folds.insert(film.fold);
    scores.films.push_back(std::move(film));
    scores.film_classes.push_back(std::move(class_name));
  }
  if (classes.count(positive_class) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("no film of class ", positive_class, " in the out-of-fold files"));
  }
  scores.classes.assign(classes.begin(), classes.end());
  scores.folds = static_cast<int>(folds.size());
  return scores;
}

std::string FormatOutOfFold(const std::vector<ScoredFilm>& films,
                            const std::vector<std::string>& film_classes) {
  std::string text = "name,patient,class,fold,logit,probability\n";
  for (size_t i = 0; i < films.size(); ++i) {
    const ScoredFilm& film = films[i];
    absl::StrAppendFormat(&text, "%s,%s,%s,%d,%.7g,%.4f\n", QuoteCsv(film.name),
                          QuoteCsv(film.patient), QuoteCsv(film_classes[i]), film.fold, film.logit,
                          film.probability);
  }
  return text;
}

}  // namespace camnode
