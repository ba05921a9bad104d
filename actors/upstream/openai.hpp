#pragma once

#include "actors/metrics.hpp"
#include "actors/upstream/chat_upstream.hpp"

#include <memory>
#include <string>

namespace nekod {

/// An account at an OpenAI-compatible server.
struct openai_options {
  /// Up to and including `/v1`.
  std::string base_url;
  /// Secret; may be empty.
  std::string key;
  /// The model that serves where none is named; empty for the first of the server's list.
  std::string default_model;
  time_limits limits;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

/// The OpenAI-compatible server behind *net*. It remembers nothing: each turn is one call, which
/// tells it the whole conversation.
/// @param net Must outlive the service and all its lines.
std::shared_ptr<upstream_service> make_openai(transport& net, openai_options options);

} // namespace nekod
