#pragma once

#include "bench/load/options.hpp"
#include "bench/load/tally.hpp"

#include <optional>

namespace nekod::load {

/// What came of a run.
struct outcome {
  tally seen;
  /// How long it counted, in seconds.
  double seconds = 0;
  /// Processor time that this program used while it counted, in seconds.
  double own_cpu = 0;
  /// The same of the programs watched, if there were any and they lasted.
  std::optional<double> watched_cpu;
};

/// Carries a plan out, with progress on standard error unless it is to be quiet. SIGINT and SIGTERM
/// end it early, a second time at once.
/// @throws std::exception where the server's name is not known.
outcome run(const options& plan);

} // namespace nekod::load
