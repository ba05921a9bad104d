#pragma once

#include "actors/registry/model_catalogue.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/retrying.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/settings/upstream_settings.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// What holds for all upstreams alike.
struct upstream_rules {
  /// Of calls, by the upstream's kind.
  time_limits anuneko_limits;
  time_limits openai_limits;
  circuit_options circuit;
  /// An upstream may have a time limit of its own to a stream's first text.
  retry_options retries;
  /// No account rests for longer after a limit or refusal.
  std::chrono::milliseconds longest_rest{0};
  /// Answers in one piece count in it while they arrive; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Names this process to servers that are nekods.
  std::string instance;
  std::shared_ptr<metrics> counts;
};

/// Makes the upstreams that *all* describe, in their order, each with its retries and fall-backs.
/// @param net Must outlive them and all their conversations.
/// @pre Each fall-back that is named is among *all*.
std::vector<routed_upstream> make_upstreams(transport& net,
                                            const std::vector<upstream_settings>& all,
                                            const upstream_rules& rules);

} // namespace nekod
