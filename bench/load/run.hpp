#pragma once

#include "bench/load/options.hpp"
#include "bench/load/tally.hpp"

#include <optional>

namespace nekod::load {

/// The result of a run.
struct outcome {
  tally seen;
  /// The length of the time that counts, in seconds.
  double seconds = 0;
  /// Processor time of this program during that time, in seconds.
  double own_cpu = 0;
  /// The same for the watched programs; nothing if there were none or one of them ended.
  std::optional<double> watched_cpu;
};

/// Executes a plan, with progress on standard error unless it is to be quiet. SIGINT and SIGTERM
/// end the run early, a second one at once.
/// @throws std::exception if the server's name cannot be resolved.
outcome run(const options& plan);

} // namespace nekod::load
