#pragma once

#include "actors/upstream/retry_plan.hpp"

#include <memory>
#include <vector>

namespace nekod {

/// *service*, whose turns are tried again where that is safe, and then elsewhere: see
/// `retrying_conversation`.
/// @param fallbacks Stateless, as *service* then has to be.
std::shared_ptr<upstream_service> make_retrying(std::shared_ptr<upstream_service> service,
                                                std::vector<fallback> fallbacks,
                                                const retry_options& options, metrics& counts);

} // namespace nekod
