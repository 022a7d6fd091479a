// camnode-lab sensitivity

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/finding.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

// A reader's knob turned: 0 to 1 in, any number out, cut to 0 to 1 afterwards.
struct Variation {
  const char* name;
  double width;  // Of the window, in windows.
  double level;  // Its middle, in windows.
  double gamma;
};

constexpr Variation kVariations[] = {
    {"window width -20 %", 0.8, 0.5, 1.0}, {"window width +20 %", 1.2, 0.5, 1.0},
    {"window level -20 %", 1.0, 0.3, 1.0}, {"window level +20 %", 1.0, 0.7, 1.0},
    {"gamma 0.7", 1.0, 0.5, 0.7},          {"gamma 0.85", 1.0, 0.5, 0.85},
    {"gamma 1.2", 1.0, 0.5, 1.2},          {"gamma 1.4", 1.0, 0.5, 1.4},
};

Radiograph Varied(const Radiograph& film, const Variation& variation) {
  cv::Mat1b table(1, 256);
  for (int value = 0; value < 256; ++value) {
    const double windowed = (value / 255.0 - variation.level) / variation.width + 0.5;
    const double clipped = std::min(1.0, std::max(0.0, windowed));
    table(0, value) = static_cast<uint8_t>(std::lround(std::pow(clipped, variation.gamma) * 255.0));
  }
  Radiograph varied = film;
  varied.modality_values.release();  // A fixed window would not see the knobs.
  cv::Mat1b shown(film.presentation.size());
  cv::LUT(film.presentation, table, shown);
  varied.presentation = shown;
  return varied;
}

struct Shift {
  int films = 0;
  int flips = 0;
  double sum = 0.0;
  double largest = 0.0;

  void Add(const Finding& plain, const Finding& varied) {
    const double difference = std::abs(plain.probability - varied.probability);
    ++films;
    flips += plain.positive != varied.positive ? 1 : 0;
    sum += difference;
    largest = std::max(largest, difference);
  }
};

absl::Status PrintShifts(Classifier& classifier, const std::vector<Radiograph>& films) {
  std::vector<Finding> plain;
  for (const Radiograph& film : films) {
    CAMNODE_ASSIGN_OR_RETURN(const ModelResult result,
                             classifier.Classify(Varied(film, {"", 1.0, 0.5, 1.0})));
    plain.push_back(result.finding);
  }
  for (const Variation& variation : kVariations) {
    Shift shift;
    for (size_t i = 0; i < films.size(); ++i) {
      CAMNODE_ASSIGN_OR_RETURN(const ModelResult result,
                               classifier.Classify(Varied(films[i], variation)));
      shift.Add(plain[i], result.finding);
    }
    absl::PrintF("%-16s  %-18s  %5d  %13.3f  %13.3f  %5d\n", classifier.model().manifest.name(),
                 variation.name, shift.films, shift.sum / shift.films, shift.largest, shift.flips);
  }
  return absl::OkStatus();
}

constexpr Option kOptions[] = {
    ModelOption().Repeated(),
    ThreadsOption(),
};

// Errors: those of the models and of the first film that cannot be read or classified.
absl::Status Run(const Arguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models, LoadModelFolders(arguments));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> paths, FindFilms(arguments.operands()));
  SetThreads(arguments);
  std::vector<Radiograph> films;
  for (const std::string& path : paths) {
    CAMNODE_ASSIGN_OR_RETURN(Radiograph film, ReadNamedFilm(path));
    films.push_back(std::move(film));
  }
  absl::PrintF("%-16s  %-18s  %5s  %13s  %13s  %5s\n", "model", "knob", "films", "mean change",
               "largest", "flips");
  for (const ModelFolder& model : models) {
    CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<Classifier> classifier,
                             Classifier::Load(model, ClassifierOptions()));
    CAMNODE_RETURN_IF_ERROR(PrintShifts(*classifier, films));
  }
  return absl::OkStatus();
}

}  // namespace

const LabCommand kSensitivity = {
    {"sensitivity",
     R"(How far does each model's probability move when a reader's knobs are turned?

Window width and level by 20 % of the window, gamma from 0.7 to 1.4, on the 8 bits that
are shown.  Prints, for each model and knob, mean and largest change of the probability
over the films, and how many verdicts change.)",
     kFilmOperands, kOptions},
    Run};

}  // namespace camnode
