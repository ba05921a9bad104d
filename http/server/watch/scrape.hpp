#pragma once

#include "actors/runtime/metrics.hpp"

#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::http {

/// Counters, gauges that are read at that moment, and the process's own figures.
class scrape {
public:
  scrape(std::shared_ptr<metrics> counts, const std::string& version);

  /// Adds a gauge that is read at each scrape. To be called before the first one.
  void watch(std::string name, std::string help, std::function<double()> look);

  /// `GET /metrics`: all of them, for Prometheus (text format 0.0.4). Thread-safe.
  std::string text() const;

  /// The same as JSON: by name, each figure's `type` and `series`. A series has `labels` and a
  /// `value`, or the `count`, the `sum` and the cumulative `buckets` of a histogram, whose upper
  /// bounds are the figure's `bounds` without the infinite one. Thread-safe.
  std::string json() const;

private:
  struct watched {
    std::string name;
    std::string help;
    prometheus::MetricType type;
    std::function<double()> look;
  };

  void watch_process();
  std::vector<prometheus::MetricFamily> collect() const;

  std::shared_ptr<metrics> counts_;
  std::vector<watched> watched_;
};

} // namespace nekod::http
