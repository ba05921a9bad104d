#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace nekod::load {
namespace {

// Values below `linear` have a bucket each. Above, each power of two has `half` buckets of equal
// width, so that no bucket is wider than a thousandth of its values.
constexpr std::uint64_t linear = 2048;
constexpr std::uint64_t half = linear / 2;
constexpr int linear_bits = 11;
constexpr int range_bits = 42;
constexpr std::uint64_t longest = (std::uint64_t{1} << range_bits) - 1;
constexpr std::size_t buckets = linear + (range_bits - linear_bits) * half;

std::size_t bucket_of(std::uint64_t value) {
  if (value < linear)
    return value;
  const auto shift = static_cast<std::uint64_t>(std::bit_width(value) - linear_bits);
  return linear + (shift - 1) * half + (value >> shift) - half;
}

/// The largest value in a bucket.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < linear)
    return bucket;
  const auto shift = (bucket - linear) / half + 1;
  return (((bucket - linear) % half + half + 1) << shift) - 1;
}

} // namespace

histogram::histogram() : counts_(buckets) {}

void histogram::record(std::chrono::nanoseconds time, std::uint64_t times) {
  if (times == 0)
    return;
  const auto value =
      std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)), longest);
  counts_[bucket_of(value)] += times;
  count_ += times;
  least_ = std::min(least_, value);
  most_ = std::max(most_, value);
  sum_ += static_cast<double>(value) * static_cast<double>(times);
}

void histogram::merge(const histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    counts_[i] += other.counts_[i];
  count_ += other.count_;
  least_ = std::min(least_, other.least_);
  most_ = std::max(most_, other.most_);
  sum_ += other.sum_;
}

std::chrono::nanoseconds histogram::percentile(double percent) const {
  if (count_ == 0)
    return {};
  const auto share = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto wanted = std::clamp(static_cast<std::uint64_t>(share), std::uint64_t{1}, count_);
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += counts_[bucket]) < wanted)
    ++bucket;
  return std::chrono::nanoseconds{std::min(end_of(bucket), most_)};
}

summary histogram::summarise() const {
  if (count_ == 0)
    return {};
  using std::chrono::nanoseconds;
  return {.count = count_,
          .mean = nanoseconds{std::llround(sum_ / static_cast<double>(count_))},
          .least = nanoseconds{least_},
          .p50 = percentile(50),
          .p90 = percentile(90),
          .p99 = percentile(99),
          .p999 = percentile(99.9),
          .most = nanoseconds{most_}};
}

} // namespace nekod::load
