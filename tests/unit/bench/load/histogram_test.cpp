#include "bench/load/histogram.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace nekod::load;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

/// Whether *found* is *wanted* with three significant digits.
bool close(nanoseconds found, nanoseconds wanted) {
  const auto off = std::abs(static_cast<double>((found - wanted).count()));
  return off <= static_cast<double>(wanted.count()) / 1000;
}

} // namespace

TEST_CASE("an empty histogram has zeros only") {
  const histogram h;
  CHECK(h.count() == 0);
  CHECK(h.percentile(50) == 0ns);
  CHECK(h.summarise().most == 0ns);
}

TEST_CASE("a single time is every percentile") {
  for (auto time : {0ns, 1ns, 2047ns, 2048ns, 4095ns, 4096ns, nanoseconds{123'456'789}}) {
    histogram h;
    h.record(time);
    CAPTURE(time.count());
    for (double p : {0.0, 50.0, 99.9, 100.0})
      CHECK(h.percentile(p) == time);
    CHECK(h.summarise().least == time);
    CHECK(h.summarise().mean == time);
  }
}

TEST_CASE("percentiles of evenly spread times are right to three digits") {
  histogram h;
  for (int i = 1; i <= 100'000; ++i)
    h.record(i * 1us);
  const auto s = h.summarise();
  CHECK(s.count == 100'000);
  CHECK(s.least == 1us);
  CHECK(close(s.p50, 50ms));
  CHECK(close(s.p90, 90ms));
  CHECK(close(s.p99, 99ms));
  CHECK(close(s.p999, 99'900us));
  CHECK(s.most == 100ms);
  CHECK(close(s.mean, 50'000'500ns));
}

TEST_CASE("each time of a wide range is recorded to within a thousandth") {
  for (double t = 1; t < 4e12; t *= 1.37) {
    histogram h;
    const nanoseconds time{static_cast<std::int64_t>(t)};
    h.record(time);
    h.record(2h); // So that the largest one does not limit it.
    CAPTURE(time.count());
    CHECK(h.percentile(50) >= time);
    CHECK(close(h.percentile(50), time));
  }
}

TEST_CASE("times out of range count as the nearest limit") {
  histogram h;
  h.record(-5ns);
  CHECK(h.percentile(50) == 0ns);
  h.record(100h);
  CHECK(h.percentile(100) > 1h);
}

TEST_CASE("merged histograms equal one, and a time can be recorded several times at once") {
  histogram a;
  histogram b;
  a.record(1ms, 99);
  b.record(1s);
  b.record(5s, 0);
  a.merge(b);
  a.merge(histogram{});
  CHECK(a.count() == 100);
  CHECK(close(a.percentile(99), 1ms));
  CHECK(a.summarise().most == 1s);
  CHECK(a.summarise().least == 1ms);
}
