#pragma once

#include "actors/metrics.hpp"
#include "actors/upstream/chat_upstream.hpp"

#include <memory>
#include <string>

namespace nekod {

/// An account at an AnuNeko service.
struct anuneko_options {
  /// Up to and including `/api/v1`.
  std::string base_url;
  /// Secret.
  std::string token;
  /// Secret; may be empty.
  std::string cookie;
  /// A UUID, the same in all calls of the account.
  std::string device_id;
  time_limits limits;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

/// The AnuNeko service behind *net*: a chat is created for a
/// conversation's first turn, takes one message at a time, and wants each reply chosen before the
/// next message.
/// @param net Must outlive the service and all its lines.
std::shared_ptr<upstream_service> make_anuneko(transport& net, anuneko_options options);

} // namespace nekod
