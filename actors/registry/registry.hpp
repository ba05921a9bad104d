#pragma once

#include "actors/messages.hpp"
#include "actors/registry/live_sessions.hpp"
#include "actors/registry/models.hpp"
#include "actors/registry/pending_turn.hpp"
#include "actors/registry/placement.hpp"
#include "actors/registry/registry_messages.hpp"
#include "actors/registry/registry_options.hpp"
#include "actors/registry/session_directory.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// The state of a registry: carries out what its parts decide. A turn gets its model from `models`
/// and its session from `placement`; sessions are spawned and sent their turns here.
struct registry_state {
  explicit registry_state(private_registry_actor::stateful_pointer<registry_state> self)
      : self_(self) {}
  registry_state(const registry_state&) = delete;
  registry_state& operator=(const registry_state&) = delete;

  void start(registry_options o);

  /// Ends all sessions and refuses all waiting turns.
  void stop(const caf::error& reason);

  void open(open_turn t, reply_actor reply);
  caf::result<edit_outcome> edit(const session_key& session, conversation_edit e);
  readiness ready();
  void take_models(models_answer answer);
  void look_for_models_again();
  void take_report(session_report report) { live_.take_report(std::move(report)); }
  void retire(const session_report& report);
  void session_ended(const caf::actor_addr& session);

  models& all_models() { return *models_; }
  session_directory& directory() { return *directory_; }

  static inline const char* name = "registry";

private:
  void choose_model(pending_turn t);
  void find_session(pending_turn t, model_choice model);
  void carry_out(placement_step step);
  void begin_session(begins_session begins);
  void ask_name(asks_name asked);
  void take_session(takes_session asked);
  void refuse_unplaced(const pending_turn& t);
  void refuse_all(const pending_turn& t, const chat::failure& reason);
  void give(pending_turn t, const session_key& session, std::optional<session_taken> taken);
  void spawn_session(const session_key& key, std::optional<session_taken> taken,
                     const std::string& scope, home_loop home);
  session_token next_token() { return {node_, ++tokens_}; }
  void refuse(const pending_turn& t, chat::failure reason);

  private_registry_actor::stateful_pointer<registry_state> self_;
  registry_options options_;
  /// For tokens: a random name of this run, and the number of tokens so far.
  std::string node_;
  std::uint64_t tokens_ = 0;
  live_sessions live_;
  // Set by `start`.
  std::optional<models> models_;
  std::optional<placement> placement_;
  std::optional<session_directory> directory_;
  /// Ends with the registry.
  prober_actor prober_;
};

/// A REGISTRY.
private_registry_actor::behavior_type
registry(private_registry_actor::stateful_pointer<registry_state> self, registry_options options);

} // namespace nekod
