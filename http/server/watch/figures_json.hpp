#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace nekod::http {

/// *families* as JSON, as `scrape::json` says.
std::string figures_json(const std::vector<prometheus::MetricFamily>& families);

} // namespace nekod::http
