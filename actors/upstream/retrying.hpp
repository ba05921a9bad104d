#pragma once

#include "actors/upstream/retry_plan.hpp"

#include <memory>
#include <vector>

namespace nekod {

/// *service*, whose turns are retried if that is safe, there and then elsewhere: see
/// `retrying_conversation`.
/// @param fallbacks Must be stateless, and so must *service* if there are any.
std::shared_ptr<upstream_service> make_retrying(std::shared_ptr<upstream_service> service,
                                                std::vector<fallback> fallbacks,
                                                const retry_options& options, metrics& counts);

} // namespace nekod
