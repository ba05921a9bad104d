#pragma once

#include "actors/runtime/metrics.hpp"

#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::http {

/// `GET /metrics`: counters, gauges that are read at that moment, and the process's own figures,
/// for Prometheus (text format 0.0.4).
class scrape {
public:
  scrape(std::shared_ptr<metrics> counts, const std::string& version);

  /// Adds a gauge that is read at each scrape. To be called before the first one.
  void watch(std::string name, std::string help, std::function<double()> look);

  /// Thread-safe.
  std::string text() const;

private:
  struct watched {
    std::string name;
    std::string help;
    prometheus::MetricType type;
    std::function<double()> look;
  };

  void watch_process();

  std::shared_ptr<metrics> counts_;
  std::vector<watched> watched_;
};

} // namespace nekod::http
