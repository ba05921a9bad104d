#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace nekod {

/// The tokens that a request takes from buckets that several nodes share: from each bucket, or from
/// none.
struct limit_charge {
  limit_charge() = default;

  /// A bucket is full at first, and refilled evenly.
  struct bucket {
    /// Names the caller and the rate. UTF-8.
    std::string name;
    /// The time in which one token is added, and in which an empty bucket is filled.
    std::chrono::nanoseconds interval{0};
    std::chrono::nanoseconds whole{0};
    /// How many tokens are taken; 0 only looks, a negative number gives back.
    std::int64_t count = 0;
  };

  /// Whether anything is taken.
  bool takes() const {
    return std::any_of(buckets.begin(), buckets.end(), [](const auto& b) { return b.count > 0; });
  }

  /// The charges of one caller are decided one after the other.
  std::string caller;
  std::vector<bucket> buckets;
  /// Whether the tokens are taken even if there are not enough: the bucket then owes them.
  bool in_any_case = false;
};

/// The result of a charge.
struct limit_verdict {
  limit_verdict() = default;

  bool passes = true;
  /// The time until each bucket is full again, in the order of the charge.
  std::vector<std::chrono::nanoseconds> full_in;
};

} // namespace nekod
