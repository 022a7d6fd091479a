#include "core/base/metrics.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace camnode {
namespace {

constexpr std::size_t kMaxLabelBytes = 100;

// Labels of our own making only; anything else is a mistake in the program.
bool IsMetricName(absl::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), allowed);
}

[[noreturn]] void EndProgram(absl::string_view why, absl::string_view name) {
  std::fprintf(stderr, "metrics: %.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
               static_cast<int>(why.size()), why.data());
  std::abort();
}

std::string Number(double value) {
  if (value == static_cast<double>(static_cast<int64_t>(value)) && std::abs(value) < 1e15) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  return absl::StrFormat("%.9g", value);
}

std::string EscapedHelp(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}});
}

std::string EscapedLabel(absl::string_view text) {
  std::string printable;
  for (const char c : text.substr(0, kMaxLabelBytes)) {
    const bool plain = c == '\n' || (c >= 0x20 && c < 0x7f);
    printable.push_back(plain ? c : '?');
  }
  return absl::StrReplaceAll(printable, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

using Labels = std::vector<std::string>;

std::string LabelText(const Labels& names, const Labels& values) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", names[i], "=\"", EscapedLabel(values[i]), "\"");
  }
  return text;
}

void AppendLine(std::string* out, absl::string_view name, const std::string& labels, double value) {
  absl::StrAppend(out, name);
  if (!labels.empty()) absl::StrAppend(out, "{", labels, "}");
  absl::StrAppend(out, " ", Number(value), "\n");
}

void AppendHistogram(std::string* out, const std::string& name, const std::string& labels,
                     const Histogram::Snapshot& snapshot) {
  const std::string comma = labels.empty() ? "" : ",";
  for (std::size_t i = 0; i < snapshot.bounds.size(); ++i) {
    AppendLine(out, absl::StrCat(name, "_bucket"),
               absl::StrCat(labels, comma, "le=\"", Number(snapshot.bounds[i]), "\""),
               static_cast<double>(snapshot.cumulative[i]));
  }
  AppendLine(out, absl::StrCat(name, "_bucket"), absl::StrCat(labels, comma, "le=\"+Inf\""),
             static_cast<double>(snapshot.count));
  AppendLine(out, absl::StrCat(name, "_sum"), labels, snapshot.sum);
  AppendLine(out, absl::StrCat(name, "_count"), labels, static_cast<double>(snapshot.count));
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1, 0) {}

void Histogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  MutexLock lock(&mutex_);
  ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
  sum_ += value;
}

Histogram::Snapshot Histogram::Read() const {
  Snapshot snapshot;
  snapshot.bounds = bounds_;
  MutexLock lock(&mutex_);
  for (const int64_t count : counts_) {
    snapshot.count += count;
    snapshot.cumulative.push_back(snapshot.count);
  }
  snapshot.cumulative.pop_back();  // The last one is the count itself.
  snapshot.sum = sum_;
  return snapshot;
}

std::vector<double> SecondsBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

template <typename Metric>
Metric& MetricFamily<Metric>::With(const std::vector<std::string>& label_values) {
  if (label_values.size() != label_names_.size()) EndProgram("wrong number of labels", "With");
  MutexLock lock(&mutex_);
  auto found = series_.find(label_values);
  if (found != series_.end()) return *found->second;
  const bool full = series_.size() + 1 >= static_cast<std::size_t>(kMaxSeries);
  const std::vector<std::string> key =
      full ? std::vector<std::string>(label_names_.size(), "other") : label_values;
  std::unique_ptr<Metric>& series = series_[key];
  if (series == nullptr) series = make_();
  return *series;
}

template <typename Metric>
std::vector<std::pair<std::vector<std::string>, const Metric*>> MetricFamily<Metric>::All() const {
  std::vector<std::pair<std::vector<std::string>, const Metric*>> all;
  MutexLock lock(&mutex_);
  for (const auto& [labels, metric] : series_) all.emplace_back(labels, metric.get());
  return all;
}

template class MetricFamily<Counter>;
template class MetricFamily<Histogram>;

// One name: exactly one of the pointers, or `collect`, is set.
struct MetricRegistry::Family {
  std::string help;
  const char* type;
  std::vector<std::string> label_names;
  std::unique_ptr<CounterFamily> counters;
  std::unique_ptr<HistogramFamily> histograms;
  std::function<std::vector<MetricSample>()> collect;

  Family(std::string h, const char* t, std::vector<std::string> names)
      : help(std::move(h)), type(t), label_names(std::move(names)) {}

  void AppendTo(const std::string& name, std::string* out) const {
    absl::StrAppend(out, "# HELP ", name, " ", EscapedHelp(help), "\n");
    absl::StrAppend(out, "# TYPE ", name, " ", type, "\n");
    if (counters != nullptr) {
      for (const auto& [labels, counter] : counters->All()) {
        AppendLine(out, name, LabelText(label_names, labels),
                   static_cast<double>(counter->value()));
      }
    } else if (histograms != nullptr) {
      for (const auto& [labels, histogram] : histograms->All()) {
        AppendHistogram(out, name, LabelText(label_names, labels), histogram->Read());
      }
    } else {
      int shown = 0;
      for (const MetricSample& sample : collect()) {
        if (++shown > kMaxSeries) break;
        AppendLine(out, name, LabelText(label_names, sample.label_values), sample.value);
      }
    }
  }
};

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

void MetricRegistry::Insert(const std::string& name, std::unique_ptr<Family> family) {
  const bool is_counter = absl::string_view(family->type) == "counter";
  if (!IsMetricName(name) || absl::EndsWith(name, "_total") != is_counter) {
    EndProgram("is no name for this kind of metric", name);
  }
  for (const std::string& label : family->label_names) {
    if (!IsMetricName(label)) EndProgram("has a label without a proper name", name);
  }
  MutexLock lock(&mutex_);
  if (!families_.emplace(name, std::move(family)).second) EndProgram("is there already", name);
}

CounterFamily& MetricRegistry::AddCounter(const std::string& name, const std::string& help,
                                          std::vector<std::string> label_names) {
  auto family = std::make_unique<Family>(help, "counter", label_names);
  family->counters = std::make_unique<CounterFamily>(std::move(label_names),
                                                     [] { return std::make_unique<Counter>(); });
  CounterFamily& counters = *family->counters;
  if (counters.label_names().empty()) counters.With({});  // Shown from the start, as 0.
  Insert(name, std::move(family));
  return counters;
}

HistogramFamily& MetricRegistry::AddHistogram(const std::string& name, const std::string& help,
                                              std::vector<double> bounds,
                                              std::vector<std::string> label_names) {
  auto family = std::make_unique<Family>(help, "histogram", label_names);
  family->histograms = std::make_unique<HistogramFamily>(
      std::move(label_names), [bounds] { return std::make_unique<Histogram>(bounds); });
  HistogramFamily& histograms = *family->histograms;
  Insert(name, std::move(family));
  return histograms;
}

void MetricRegistry::AddCallback(MetricKind kind, const std::string& name, const std::string& help,
                                 std::vector<std::string> label_names,
                                 std::function<std::vector<MetricSample>()> collect) {
  const char* type = kind == MetricKind::kCounter ? "counter" : "gauge";
  auto family = std::make_unique<Family>(help, type, std::move(label_names));
  family->collect = std::move(collect);
  Insert(name, std::move(family));
}

std::string MetricRegistry::Text() const {
  // Families are never removed, so the lock is not held while callbacks run.
  std::vector<std::pair<std::string, const Family*>> families;
  {
    MutexLock lock(&mutex_);
    for (const auto& [name, family] : families_) families.emplace_back(name, family.get());
  }
  std::string text;
  for (const auto& [name, family] : families) family->AppendTo(name, &text);
  return text;
}

}  // namespace camnode
