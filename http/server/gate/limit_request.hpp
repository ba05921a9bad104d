#pragma once

#include "actors/runtime/limit_charge.hpp"
#include "http/server/gate/rate_limiter.hpp"

#include <memory>
#include <string>

namespace nekod::http {

/// A request that this node would let pass, where all nodes count together.
struct limit_request {
  /// The buckets of the limit on requests, then those of the limit on chats.
  limit_charge charge;
  /// The caller's name in the limiters of this node.
  std::string bucket;
  /// The limiters of this node; null for no limit.
  std::shared_ptr<rate_limiter> requests;
  std::shared_ptr<rate_limiter> chats;
};

} // namespace nekod::http
