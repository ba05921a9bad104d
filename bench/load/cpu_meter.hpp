#pragma once

#include <sys/types.h>

#include <optional>
#include <utility>
#include <vector>

namespace nekod::load {

/// The processor time that this program and some others use between `start` and `stop`.
class cpu_meter {
public:
  /// @param watched The others' process ids.
  explicit cpu_meter(std::vector<pid_t> watched) : watched_(std::move(watched)) {}

  void start() { begin_ = now(); }

  /// Ends the measurement; the first call counts.
  void stop();

  /// This program's, in seconds. After `stop`.
  double own() const { return end_ ? end_->own - begin_.own : 0; }

  /// The total of the others; nothing if there are none, or one of them has ended.
  std::optional<double> watched() const;

private:
  struct reading {
    double own = 0;
    std::optional<double> watched = 0.0;
  };

  reading now() const;

  std::vector<pid_t> watched_;
  reading begin_;
  std::optional<reading> end_;
};

} // namespace nekod::load
