// What each stage of an analysis costs, on films of the reader's choice.
//
//   analyze_benchmark [--models DIR] [--precision P] [--threads N] [--repeats N] [--serve] FILM
//
// Prints medians in milliseconds a film.  --serve: loads everything, then runs once
// for each line of standard input ("forward1", "forward8", "maps1", "maps8", "film1",
// "film8", "overlay") and prints the milliseconds a film, so that another program can
// be measured in between; see compare_pytorch.py.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "core/base/thread_pool.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/analysis.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/classifier.h"
#include "core/inference/device/openmp.h"
#include "core/inference/device/precision.h"
#include "core/inference/engine/fast_path.h"
#include "core/inference/maps/agreement.h"
#include "core/inference/networks/network.h"
#include "core/models/model_repository.h"
#include "core/render/image_codec.h"
#include "core/render/overlay_renderer.h"

namespace camnode {
namespace {

constexpr const char* kNames[] = {"resnet18", "efficientnet_b0", "densenet121"};
constexpr int64_t kMaxPixels = 100'000'000;
constexpr size_t kBatch = 8;
constexpr int kOutputThreads = 8;  // As a worker.

struct Arguments {
  std::string models = "deploy/models";
  ComputePrecision precision = ComputePrecision::kFloat32;
  int threads = 0;
  int repeats = 15;
  bool serve = false;
  std::string film;
};

double Milliseconds(const std::function<void()>& work) {
  const Stopwatch stopwatch;
  work();
  return absl::ToDoubleMilliseconds(stopwatch.Elapsed());
}

template <typename T>
T Require(absl::StatusOr<T> value, const char* what) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "analyze_benchmark: %s: %s\n", what,
               std::string(value.status().message()).c_str());
  std::exit(1);
}

// The three models, with and without maps, and everything round them.
class Benchmark {
 public:
  explicit Benchmark(const Arguments& arguments) : arguments_(arguments) {
    SetComputeThreads(arguments.threads);
    std::ifstream file(arguments.film, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    film_ = Decode();
    for (const char* name : kNames) Load(name);
    for (auto& classifier : classifiers_) {
      inputs_.push_back(Require(classifier->Prepare(film_), "prepare"));
    }
    Maps(1);
    Maps(kBatch);
  }

  Radiograph Decode() const {
    if (bytes_.compare(0, 4, "\x89PNG") == 0 || bytes_.compare(0, 2, "\xff\xd8") == 0) {
      return Require(DecodePicture(bytes_, kMaxPixels), "decode");
    }
    return Require(ReadRadiograph(arguments_.film, {kMaxPixels}), "decode");
  }

  void Prepare() const { Require(classifiers_[0]->Prepare(film_), "prepare"); }

  // Scores without maps, as another framework's forward pass.
  void Forward(size_t model, size_t count) {
    const std::vector<const float*> images(count, inputs_[model].image.data());
    Require(paths_[model]->RunInBatchesOf(static_cast<int64_t>(count), images, -1), "forward");
  }
  void Forward(size_t count) {
    for (size_t model = 0; model < paths_.size(); ++model) Forward(model, count);
  }

  std::vector<std::vector<ModelResult>> Maps(size_t count) {
    std::vector<std::vector<ModelResult>> films(count);
    for (size_t model = 0; model < classifiers_.size(); ++model) {
      MapsOf(model, count, films);
    }
    return films;
  }
  void MapsOf(size_t model, size_t count, std::vector<std::vector<ModelResult>>& films) {
    const std::vector<const ClassifierInput*> inputs(count, &inputs_[model]);
    auto results = classifiers_[model]->ClassifyPrepared(inputs);
    for (size_t i = 0; i < count; ++i) {
      films[i].push_back(Require(std::move(results[i]), "classify"));
    }
  }

  cv::Mat3b Overlay(const Radiograph& film, const ModelResult& result) const {
    OverlayOptions options;
    options.max_long_side = 0;
    options.legend = false;
    return Require(RenderOverlay(film.presentation, result, options), "overlay");
  }

  // From encoded bytes to scores, maps and the pictures of the three overlays, one
  // film alone.
  void Film() {
    const DecodedFilms films = DecodeAndPrepare(1);
    Finish(films);
  }

  // The same with a full queue, as the worker goes about it: the next films are decoded
  // while these are computed, and the pictures of a film are drawn side by side.
  void Films(size_t count) {
    if (ahead_.films.size() != count) ahead_ = DecodeAndPrepare(count);
    const DecodedFilms films = std::move(ahead_);
    auto next = std::async(std::launch::async, [this, count] { return DecodeAndPrepare(count); });
    Finish(films);
    ahead_ = next.get();
  }

  const Radiograph& film() const { return film_; }

 private:
  struct DecodedFilms {
    std::vector<Radiograph> films;
    std::vector<ClassifierInput> inputs;
  };

  DecodedFilms DecodeAndPrepare(size_t count) const {
    DecodedFilms decoded;
    for (size_t i = 0; i < count; ++i) {
      decoded.films.push_back(Decode());
      decoded.inputs.push_back(Require(classifiers_[0]->Prepare(decoded.films.back()), "prepare"));
    }
    return decoded;
  }

  void Finish(const DecodedFilms& decoded) {
    const size_t count = decoded.films.size();
    std::vector<const ClassifierInput*> inputs;
    for (const ClassifierInput& input : decoded.inputs) inputs.push_back(&input);
    std::vector<std::vector<ModelResult>> results(count);
    for (auto& classifier : classifiers_) {
      auto classified = classifier->ClassifyPrepared(inputs);
      for (size_t i = 0; i < count; ++i) {
        results[i].push_back(Require(std::move(classified[i]), "classify"));
      }
    }
    for (size_t i = 0; i < count; ++i) {
      ComputeAgreement(results[i]);
      std::vector<std::function<void()>> overlays;
      for (const ModelResult& result : results[i]) {
        overlays.emplace_back([this, &film = decoded.films[i], &result] { Overlay(film, result); });
      }
      output_threads_.RunAll(overlays);
    }
  }

  void Load(const std::string& name) {
    const ModelFolder model = Require(
        LoadModelFolder(arguments_.models + "/" + name + "/1", WeightsCheck::kSkipDigest), "model");
    ClassifierOptions options;
    options.precision = arguments_.precision;
    classifiers_.push_back(Require(Classifier::Load(model, options), "load"));
    const auto network = Require(
        MakeNetwork(model.manifest.architecture(), model.manifest.labels_size()), "network");
    const NamedTensors weights = Require(ReadSafetensors(model.weights_path), "weights");
    LoadStateDict(weights, *network).IgnoreError();
    const int64_t side = model.manifest.preprocessing().input_size();
    NetworkGraph graph({3, side, side});
    network->Describe(graph);
    paths_.push_back(
        Require(FastPath::Make(graph, arguments_.precision, at::get_num_threads()), "compile"));
  }

  const Arguments arguments_;
  std::string bytes_;
  Radiograph film_;
  std::vector<std::unique_ptr<Classifier>> classifiers_;
  std::vector<std::unique_ptr<FastPath>> paths_;
  std::vector<ClassifierInput> inputs_;
  DecodedFilms ahead_;
  ThreadPool output_threads_{kOutputThreads};
};

std::map<std::string, std::function<double()>> Commands(Benchmark& benchmark) {
  std::map<std::string, std::function<double()>> commands;
  for (const size_t count : {size_t{1}, kBatch}) {
    const std::string suffix = std::to_string(count);
    const double share = 1.0 / static_cast<double>(count);
    const auto add = [&, share](const std::string& name, std::function<void()> work) {
      commands[name + suffix] = [work = std::move(work), share] {
        return Milliseconds(work) * share;
      };
    };
    add("forward", [&benchmark, count] { benchmark.Forward(count); });
    add("maps", [&benchmark, count] { benchmark.Maps(count); });
    add("film", [&benchmark, count] { count == 1 ? benchmark.Film() : benchmark.Films(count); });
    for (size_t model = 0; model < std::size(kNames); ++model) {
      add(std::string(kNames[model]) + " forward",
          [&benchmark, model, count] { benchmark.Forward(model, count); });
      add(std::string(kNames[model]) + " maps", [&benchmark, model, count] {
        std::vector<std::vector<ModelResult>> films(count);
        benchmark.MapsOf(model, count, films);
      });
    }
  }
  commands["decode"] = [&benchmark] { return Milliseconds([&] { benchmark.Decode(); }); };
  commands["preprocess"] = [&benchmark] { return Milliseconds([&] { benchmark.Prepare(); }); };
  const auto result = std::make_shared<ModelResult>(benchmark.Maps(1)[0][0]);
  commands["overlay"] = [&benchmark, result] {
    return Milliseconds([&] { benchmark.Overlay(benchmark.film(), *result); });
  };
  const auto picture = std::make_shared<cv::Mat3b>(
      Require(RenderOverlay(benchmark.film().presentation, *result, {}), "overlay"));
  commands["encode"] = [picture] {
    return Milliseconds([&] { Require(EncodePng(*picture), "encode"); });
  };
  return commands;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--models") {
      arguments.models = value();
    } else if (word == "--precision") {
      arguments.precision =
          value() == "bfloat16" ? ComputePrecision::kBfloat16 : ComputePrecision::kFloat32;
    } else if (word == "--threads") {
      arguments.threads = std::atoi(value().c_str());
    } else if (word == "--repeats") {
      arguments.repeats = std::atoi(value().c_str());
    } else if (word == "--serve") {
      arguments.serve = true;
    } else {
      arguments.film = word;
    }
  }
  return arguments;
}

int Run(const Arguments& arguments) {
  Benchmark benchmark(arguments);
  const auto commands = Commands(benchmark);
  if (arguments.serve) {
    std::printf("ready\n");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
      const auto command = commands.find(line);
      std::printf("%.4f\n", command == commands.end() ? -1.0 : command->second());
      std::fflush(stdout);
    }
    return 0;
  }
  std::printf("%s, %s, %d x %d pixels; median of %d, ms a film\n",
              PrecisionName(arguments.precision), InstructionSet().c_str(),
              benchmark.film().presentation.cols, benchmark.film().presentation.rows,
              arguments.repeats);
  for (const auto& [name, run] : commands) {
    std::vector<double> times;
    for (int i = 0; i < arguments.repeats; ++i) times.push_back(run());
    std::printf("%-26s %8.2f\n", name.c_str(), Median(times));
  }
  return 0;
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  camnode::LimitSpinning(argv);
  const camnode::Arguments arguments = camnode::Parse(argc, argv);
  if (arguments.film.empty()) {
    std::fprintf(stderr,
                 "usage: analyze_benchmark [--models DIR] [--precision P] [--threads N] "
                 "[--repeats N] [--serve] FILM\n");
    return 2;
  }
  return camnode::Run(arguments);
}
