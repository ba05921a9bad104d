#pragma once

#include <mutex>

namespace nekod {

/// How many turns may be retried: a share of all turns, so that an upstream in trouble gets little
/// more work than it would have anyway. May be used from any thread.
class retry_budget {
public:
  /// @param share Retries that each turn adds; 0 for none at all.
  explicit retry_budget(double share) : share_(share), left_(share > 0 ? most : 0) {}

  void turn_begun();

  /// Takes one retry.
  /// @returns false if there is none left.
  bool take();

private:
  /// The most that can be saved up; the budget starts with that many.
  static constexpr double most = 10;

  const double share_;
  std::mutex mutex_;
  double left_;
};

} // namespace nekod
