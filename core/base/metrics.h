// Counters, histograms, and gauges that are asked for when their text for Prometheus
// is made (exposition format 0.0.4).
//
//   CounterFamily& stores = registry.AddCounter(
//       "camnode_cstore_total", "C-STORE requests answered.", {"status"});
//   stores.With({"0x0000"}).Add();
//
// Names carry their unit and end in _total for counters: camnode_stage_seconds,
// camnode_free_bytes.  A family holds at most kMaxSeries series: whoever comes
// later with another label value is counted under "other", so that nothing that
// comes from a peer can make the memory grow.  No label may hold patient data.

#ifndef CAMNODE_CORE_BASE_METRICS_H_
#define CAMNODE_CORE_BASE_METRICS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"

namespace camnode {

// Only grows.  Thread-safe, lock-free.
class Counter {
 public:
  void Add(int64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// How many observations were at most each bound.  Thread-safe.
class Histogram {
 public:
  // `bounds`: ascending.
  explicit Histogram(std::vector<double> bounds);

  void Observe(double value);

  struct Snapshot {
    std::vector<double> bounds;
    std::vector<int64_t> cumulative;  // One per bound: observations <= bound.
    int64_t count = 0;
    double sum = 0.0;
  };
  Snapshot Read() const;

 private:
  const std::vector<double> bounds_;
  mutable Mutex mutex_;
  std::vector<int64_t> counts_ ABSL_GUARDED_BY(mutex_);  // One more than bounds.
  double sum_ ABSL_GUARDED_BY(mutex_) = 0.0;
};

// 1 ms to 60 s, for stages and calls.
std::vector<double> SecondsBuckets();

inline constexpr int kMaxSeries = 64;

// The series of one name, told apart by label values.  Thread-safe; a series
// lives as long as its family, so a reference to it may be kept.
template <typename Metric>
class MetricFamily {
 public:
  using Make = std::function<std::unique_ptr<Metric>()>;
  MetricFamily(std::vector<std::string> label_names, Make make)
      : label_names_(std::move(label_names)), make_(std::move(make)) {}

  // REQUIRES: one value per label name.
  Metric& With(const std::vector<std::string>& label_values);

  const std::vector<std::string>& label_names() const { return label_names_; }
  // Series in the order of their label values.
  std::vector<std::pair<std::vector<std::string>, const Metric*>> All() const;

 private:
  const std::vector<std::string> label_names_;
  const Make make_;
  mutable Mutex mutex_;
  std::map<std::vector<std::string>, std::unique_ptr<Metric>> series_ ABSL_GUARDED_BY(mutex_);
};

using CounterFamily = MetricFamily<Counter>;
using HistogramFamily = MetricFamily<Histogram>;

enum class MetricKind { kCounter, kGauge };

// A value that some other part keeps, asked for when the text is made.
struct MetricSample {
  std::vector<std::string> label_values;
  double value = 0.0;
};

// Thread-safe.  The Add functions end the program if the name is malformed or
// taken, which is a mistake in the program; families live as long as the registry.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();

  CounterFamily& AddCounter(const std::string& name, const std::string& help,
                            std::vector<std::string> label_names = {});
  HistogramFamily& AddHistogram(const std::string& name, const std::string& help,
                                std::vector<double> bounds,
                                std::vector<std::string> label_names = {});

  // `collect` is called by Text, on its thread; at most kMaxSeries samples of it
  // are shown.  What it borrows outlives the last call of Text.
  void AddCallback(MetricKind kind, const std::string& name, const std::string& help,
                   std::vector<std::string> label_names,
                   std::function<std::vector<MetricSample>()> collect);

  // All families in the order of their names.
  std::string Text() const;

 private:
  struct Family;
  void Insert(const std::string& name, std::unique_ptr<Family> family);

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>> families_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_METRICS_H_
