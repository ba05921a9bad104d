#include "actors/runtime/observations.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using nekod::observations;

TEST_CASE("observations reach their histogram in the buckets in which it would count them") {
  const std::vector<double> bounds{1, 2, 5};
  prometheus::Histogram counted{bounds};
  prometheus::Histogram direct{bounds};
  {
    observations all{counted, bounds};
    for (const auto value : {0.5, 1.0, 1.5, 2.0, 5.0, 6.0}) {
      all.add(value);
      direct.Observe(value);
    }
    CHECK(counted.Collect().histogram.sample_count == 0);
  }
  const auto got = counted.Collect().histogram;
  const auto wanted = direct.Collect().histogram;
  CHECK(got.sample_count == wanted.sample_count);
  CHECK(got.sample_sum == wanted.sample_sum);
  for (std::size_t i = 0; i < got.bucket.size(); ++i)
    CHECK(got.bucket[i].cumulative_count == wanted.bucket[i].cumulative_count);
}

TEST_CASE("a histogram lacks few observations, and none after a flush") {
  const std::vector<double> bounds{1};
  prometheus::Histogram counted{bounds};
  observations all{counted, bounds};
  for (unsigned i = 0; i < observations::most_waiting; ++i)
    all.add(0);
  CHECK(counted.Collect().histogram.sample_count == observations::most_waiting);
  all.add(3);
  all.flush();
  all.flush();
  CHECK(counted.Collect().histogram.sample_count == observations::most_waiting + 1);
  CHECK(counted.Collect().histogram.sample_sum == 3);
}
