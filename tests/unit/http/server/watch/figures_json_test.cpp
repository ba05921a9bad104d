#include "http/server/watch/figures_json.hpp"

#include <doctest/doctest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <limits>

using namespace nekod::http;

TEST_CASE("figures of each type as JSON") {
  prometheus::Registry all;
  prometheus::BuildCounter().Name("a").Register(all).Add({{"x", "y\"z"}}).Increment(2);
  auto& h = prometheus::BuildHistogram().Name("b").Register(all).Add(
      {}, prometheus::Histogram::BucketBoundaries{0.5, 1});
  h.Observe(0.25);
  h.Observe(8);
  auto text = figures_json(all.Collect());
  CHECK(text.find(R"("a":{"type":"counter","series":[{"labels":{"x":"y\"z"},"value":2}]})") !=
        std::string::npos);
  CHECK(text.find(R"("b":{"type":"histogram","bounds":[0.5,1],"series":[)"
                  R"({"labels":{},"count":2,"sum":8.25,"buckets":[1,1,2]}]})") !=
        std::string::npos);
}

TEST_CASE("a number that JSON does not have is null") {
  prometheus::Registry all;
  prometheus::BuildGauge().Name("a").Register(all).Add({}).Set(
      std::numeric_limits<double>::infinity());
  CHECK(figures_json(all.Collect()) ==
        R"({"a":{"type":"gauge","series":[{"labels":{},"value":null}]}})");
  CHECK(figures_json({}) == "{}");
}
