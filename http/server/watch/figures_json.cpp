#include "http/server/watch/figures_json.hpp"

#include "protocol/text/json_strings.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace nekod::http {

namespace {

/// The shortest text that reads back as *value*; JSON has no other numbers than finite ones.
void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> digits{};
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// Calls *append* for each of *values*, with a comma between two.
template <class Values, class Append>
void append_all(std::string& out, const Values& values, Append append) {
  std::string_view separator;
  for (const auto& value : values) {
    out += separator;
    append(value);
    separator = ",";
  }
}

std::string_view word_of(prometheus::MetricType type) {
  switch (type) {
  case prometheus::MetricType::Counter:
    return "counter";
  case prometheus::MetricType::Histogram:
    return "histogram";
  default:
    return "gauge";
  }
}

void append_series(std::string& out, const prometheus::ClientMetric& m,
                   prometheus::MetricType type) {
  out += R"({"labels":{)";
  append_all(out, m.label, [&](const auto& label) {
    json::append_quoted(out, label.name);
    out += ':';
    json::append_quoted(out, label.value);
  });
  if (type != prometheus::MetricType::Histogram) {
    out += R"(},"value":)";
    append_number(out, type == prometheus::MetricType::Counter ? m.counter.value : m.gauge.value);
  } else {
    const auto& h = m.histogram;
    out += R"(},"count":)" + std::to_string(h.sample_count) + R"(,"sum":)";
    append_number(out, h.sample_sum);
    out += R"(,"buckets":[)";
    append_all(out, h.bucket, [&](const auto& b) { out += std::to_string(b.cumulative_count); });
    out += ']';
  }
  out += '}';
}

void append_bounds(std::string& out, const prometheus::MetricFamily& family) {
  out += R"(,"bounds":[)";
  std::vector<double> bounds;
  for (const auto& b : family.metric.front().histogram.bucket)
    if (std::isfinite(b.upper_bound))
      bounds.push_back(b.upper_bound);
  append_all(out, bounds, [&](double bound) { append_number(out, bound); });
  out += ']';
}

} // namespace

std::string figures_json(const std::vector<prometheus::MetricFamily>& families) {
  std::string out = "{";
  append_all(out, families, [&](const prometheus::MetricFamily& family) {
    json::append_quoted(out, family.name);
    out.append(R"(:{"type":")").append(word_of(family.type)).append("\"");
    if (family.type == prometheus::MetricType::Histogram && !family.metric.empty())
      append_bounds(out, family);
    out += R"(,"series":[)";
    append_all(out, family.metric, [&](const auto& m) { append_series(out, m, family.type); });
    out += "]}";
  });
  out += '}';
  return out;
}

} // namespace nekod::http
