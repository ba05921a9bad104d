#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/runtime/node_hold.hpp"
#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/conversation/whole_conversation.hpp"
#include "actors/store/session_claim.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// The settings that all sessions share. Members without a value here must be set.
struct session_rules {
  session_rules() = default;

  store_actor store;
  std::shared_ptr<metrics> counts;
  /// Where several answers in one piece are counted while they wait; null for no limit.
  std::shared_ptr<byte_budget> budget;
  std::shared_ptr<const conversation_digest> digest;
  /// Turns that may wait while one runs; one more is refused with `session_busy`.
  std::size_t queue_limit = 0;
  /// For conversations at a stateless upstream.
  conversation_limits limits;
  /// After this time without turns the actor offers to leave memory.
  std::chrono::seconds idle_time{0};
  /// A conversation is over this long after its beginning; zero for no limit.
  std::chrono::seconds max_age{0};
  /// How long a turn goes on without a reader if its client is about to send its request again.
  std::chrono::seconds retry_grace{3};
  /// Whether several nodes share the store: a session leaves memory as soon as it rests, so that
  /// any of them can go on with it.
  bool shared = false;
  /// How long the node holds what it takes; null if there are no others.
  std::shared_ptr<const node_hold> hold;
  /// How long a turn waits for a session that another node works on.
  std::chrono::milliseconds session_wait{0};
  /// Bytes of an upstream's window that have to be free before the upstream is told.
  std::size_t credit_step = 0;
};

/// The parts and settings of one session.
struct session_options : session_rules {
  session_options() = default;
  explicit session_options(const session_rules& rules) : session_rules(rules) {}

  std::string id;
  /// The tenant it belongs to.
  std::string tenant;
  /// The digest of the scope that it began in; empty for none.
  std::string scope;
  /// The token that holds the session in the store.
  session_token token;
  registry_actor registry;
  /// The loop that it lives on, with its transfers.
  home_loop home;
};

/// The beginning of a session.
struct session_start : session_options {
  session_start() = default;
  explicit session_start(const session_rules& rules) : session_options(rules) {}

  /// The session as the store gave it, without a record if it begins. Nothing if the session has to
  /// take itself from the store, by its id.
  std::optional<session_taken> taken;
};

} // namespace nekod
