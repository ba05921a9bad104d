#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/runtime/node_hold.hpp"
#include "actors/store/store_health.hpp"

#include <functional>
#include <memory>
#include <string>

namespace nekod {

/// The place of the session records, opened before there are actors: a store that cannot be used
/// ends the program at its start. Everything that the program needs of a store besides its messages
/// is here, so that only the choice of an engine depends on the engine.
class session_store {
public:
  session_store() = default;
  virtual ~session_store() = default;
  session_store(const session_store&) = delete;
  session_store& operator=(const session_store&) = delete;

  /// The secret for the digests and identities in the records. It lasts as long as the records do.
  virtual const std::string& key() const noexcept = 0;

  /// Whether the store works, as its actor last found.
  virtual std::shared_ptr<const store_health> health() const = 0;

  /// Spawns the STORE. Must be called at most once.
  virtual store_actor spawn(caf::actor_system& system, session_lifetime lifetime,
                            std::shared_ptr<metrics> counts) = 0;

  /// The part of the spawned *store* that knows which node keeps which answer; null if no other
  /// node could keep one.
  virtual answer_places_actor places_of(const store_actor& /*store*/) const { return {}; }

  /// How long the node holds what it takes; null if there are no others to take it over.
  virtual std::shared_ptr<const node_hold> hold() const { return nullptr; }

  /// The part of the spawned *store* that tells other nodes which accounts rest; null if there are
  /// no other nodes.
  virtual rests_actor rests_of(const store_actor& /*store*/) const { return {}; }

  /// *f* is called, on any thread, with each rest of an account that a node has told of, again and
  /// again. Call after `spawn`.
  virtual void on_rest(const std::function<void(const shared_rest&)>& /*f*/) {}

  /// The part of the spawned *store* that counts the requests of all nodes; null if there are no
  /// others.
  virtual limits_actor limits_of(const store_actor& /*store*/) const { return {}; }

  /// *f* is called, on any thread, when another node deleted a session that a token of this one
  /// holds. Call after `spawn`.
  virtual void on_gone(const std::function<void(const session_token&)>& /*f*/) {}
};

} // namespace nekod
