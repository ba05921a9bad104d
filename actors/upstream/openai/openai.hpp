#pragma once

#include "actors/upstream/openai/openai_options.hpp"
#include "actors/upstream/upstream.hpp"

#include <memory>

namespace nekod {

/// The OpenAI-compatible server behind *net*. It remembers nothing: each turn is one call, which
/// contains the whole conversation.
/// @param net Must outlive the service and all its conversations.
std::shared_ptr<upstream_service> make_openai(transport& net, const openai_options& options);

} // namespace nekod
