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

/// Settings that all upstreams share.
struct upstream_rules {
  /// The limits of calls, by the upstream's kind.
  time_limits anuneko_limits;
  time_limits openai_limits;
  circuit_options circuit;
  /// An upstream may have its own time limit for a stream's first text.
  retry_options retries;
  /// The maximum length of an account's rest after a limit or refusal.
  std::chrono::milliseconds longest_rest{0};
  /// Counts answers that are wanted whole while they arrive; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Identifies this process to servers that are themselves nekods.
  std::string instance;
  std::shared_ptr<metrics> counts;
};

/// Makes the upstreams that *all* describes, in that order, each with its retries and fall-backs.
/// @param net Must outlive them and all their conversations.
/// @pre Each fall-back that is named is in *all*.
std::vector<routed_upstream> make_upstreams(transport& net,
                                            const std::vector<upstream_settings>& all,
                                            const upstream_rules& rules);

} // namespace nekod
