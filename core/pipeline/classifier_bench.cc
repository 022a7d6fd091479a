#include "core/pipeline/classifier_bench.h"

#include <cstdint>
#include <utility>

#include "core/base/status_macros.h"
#include "core/inference/device/device_failure.h"

namespace camnode {
namespace {

// Numbers of inputs: classifiers that share their preprocessing share one.
std::vector<std::size_t> NumberInputs(const std::vector<std::unique_ptr<Classifier>>& classifiers) {
  std::vector<std::size_t> inputs;
  std::vector<const Classifier*> firsts;
  for (const auto& classifier : classifiers) {
    std::size_t input = 0;
    while (input < firsts.size() && !classifier->SharesInputWith(*firsts[input])) ++input;
    if (input == firsts.size()) firsts.push_back(classifier.get());
    inputs.push_back(input);
  }
  return inputs;
}

Radiograph MadeUpFilm() {
  constexpr int kSide = 512;
  Radiograph film;
  film.presentation.create(kSide, kSide);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) film.presentation(y, x) = static_cast<uint8_t>((x ^ y) & 0xff);
  }
  film.presentation.convertTo(film.modality_values, CV_32F);
  return film;
}

}  // namespace

ClassifierBench::ClassifierBench(std::vector<std::unique_ptr<Classifier>> classifiers)
    : classifiers_(std::move(classifiers)), input_of_(NumberInputs(classifiers_)) {}

BenchedFilm ClassifierBench::Prepare(const Radiograph& film) const {
  BenchedFilm benched;
  for (std::size_t model = 0; model < size(); ++model) {
    // The first model of each input makes it.
    if (input_of_[model] == benched.inputs.size()) {
      benched.inputs.push_back(classifiers_[model]->Prepare(film));
    }
  }
  benched.results.resize(size());
  return benched;
}

void ClassifierBench::ClassifyTogether(const std::vector<BenchRequest>& requests) {
  std::vector<std::vector<BenchedFilm*>> wanted(size());  // By model.
  for (const BenchRequest& request : requests) {
    for (const std::size_t model : request.models) {
      if (request.film.inputs[input_of_[model]].ok()) wanted[model].push_back(&request.film);
    }
  }
  for (std::size_t model = 0; model < size(); ++model) {
    const std::vector<BenchedFilm*>& films = wanted[model];
    if (films.empty()) continue;
    std::vector<const ClassifierInput*> inputs;
    for (const BenchedFilm* film : films) inputs.push_back(&*film->inputs[input_of_[model]]);
    std::vector<absl::StatusOr<ModelResult>> results =
        classifiers_[model]->ClassifyPrepared(inputs);
    for (std::size_t i = 0; i < films.size(); ++i) films[i]->results[model] = std::move(results[i]);
  }
}

absl::StatusOr<ModelResult> ClassifierBench::ClassifyBy(std::size_t model,
                                                        const BenchedFilm& film) {
  if (film.results[model].has_value()) return *film.results[model];
  const absl::StatusOr<ClassifierInput>& input = film.inputs[input_of_[model]];
  if (!input.ok()) return input.status();
  return std::move(classifiers_[model]->ClassifyPrepared({&*input}).front());
}

absl::Status ClassifierBench::Report(std::size_t model, const absl::Status& error) {
  broken_ = broken_ || IsDeviceFailure(error);
  return Annotate(error, at(model).model().manifest.name());
}

absl::StatusOr<std::vector<ModelResult>> ClassifierBench::Classify(
    const std::vector<std::size_t>& models, const BenchedFilm& film) {
  std::vector<ModelResult> results;
  for (const std::size_t model : models) {
    absl::StatusOr<ModelResult> result = ClassifyBy(model, film);
    if (!result.ok()) return Report(model, result.status());
    results.push_back(*std::move(result));
  }
  return results;
}

absl::Status ClassifierBench::WarmUp() {
  const Radiograph film = MadeUpFilm();
  for (std::size_t model = 0; model < size(); ++model) {
    CAMNODE_ASSIGN_OR_RETURN(const ClassifierInput input, classifiers_[model]->Prepare(film));
    // One film and a batch: the first call of each is slower than all others.
    for (const std::size_t count : {std::size_t{1}, std::size_t{8}}) {
      for (const auto& result : classifiers_[model]->ClassifyPrepared(
               std::vector<const ClassifierInput*>(count, &input))) {
        if (!result.ok()) return Report(model, result.status());
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace camnode
