#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/bound_actor.hpp"
#include "actors/session/conversation/conversation_owner.hpp"
#include "actors/session/last_answer.hpp"
#include "actors/session/session_edits.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/session/session_options.hpp"
#include "actors/session/session_replies.hpp"
#include "actors/session/session_status.hpp"
#include "actors/session/session_turns.hpp"
#include "actors/session/stored_record.hpp"
#include "actors/session/upstream_link.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace nekod {

/// The state of a session: one conversation, which takes its turns one at a time, in order. Leads
/// its parts through a turn's phases.
///
/// A turn runs from `begin` at the upstream to the answer's end. Then its record is committed, the
/// replies hear of the end, and the upstream's chat is settled, before the next turn begins. A
/// request that is sent again joins the turn of the first one, or gets its answer once more.
struct session_state : link_listener {
  explicit session_state(private_session_actor::stateful_pointer<session_state> self);
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  void start(session_start s);
  void take(turn t, reply_actor reply);

  /// A reply's client left, or the reply ended otherwise.
  void reply_ended(const caf::actor_addr& reply, std::optional<client_left> left = {});

  /// The client that left as the one with that number did not come back in time.
  void abandon(std::uint64_t absence);

  /// Makes a change that is not a turn, or refuses it.
  caf::result<edit_outcome> edit(conversation_edit e);

  void discard();
  void check_idle();

  /// If several nodes share the session, offers to leave memory once it rests.
  void leave_if_shared();

  /// Takes the events and timers of conversations at the upstream.
  upstream_link& link() noexcept { return *link_; }

  static inline const char* name = "session";

private:
  using phase = session_phase;

  void on_answered(upstream_answer answer) override;
  void on_failed(const upstream_failure& f) override;
  void on_settled() override { end_turn(); }

  void load();
  void use(session_taken taken);
  void begin_next();
  std::optional<chat::failure> begin_turn();
  std::optional<chat::failure> begin_at_upstream();
  void commit(chat::answer_end end, std::optional<response_record> response,
              std::string earlier_response);
  void give_up(std::optional<std::chrono::steady_clock::time_point> then);
  void cancel(std::optional<std::chrono::steady_clock::time_point> then);
  void end_turn();
  void tell_registry();
  void offer_to_leave();
  session_report report() const;

  private_session_actor::stateful_pointer<session_state> self_;
  session_options options_;
  last_answer last_;
  // Set by `start`. Each one knows only some of those before it.
  std::optional<session_status> status_;
  std::optional<session_replies> replies_;
  std::optional<conversation_owner> conversation_;
  std::optional<upstream_link> link_;
  std::optional<session_turns> turns_;
  std::optional<stored_record> stored_;
  std::optional<session_edits> edits_;
  /// Whether `begin_next` runs: a turn that ends within it does not begin the next one itself.
  bool begins_ = false;
  /// Counts the clients that left and were expected back; only the newest one's timer counts.
  std::uint64_t absences_ = 0;
  /// The form in which the conversation equals, word for word, the chain of its newest response;
  /// nothing if it differs.
  std::optional<session_conversation::kind> chain_form_;
};

/// Spawns a SESSION on its home loop.
/// @param host A system, or an actor.
template <class Host>
session_actor spawn_session(Host& host, session_start start);

/// The behaviour of a SESSION.
private_session_actor::behavior_type
session(private_session_actor::stateful_pointer<session_state> self, session_start start);

template <class Host>
session_actor spawn_session(Host& host, session_start start) {
  const auto home = start.home;
  return spawn_bound<private_session_actor, session_state>(host, home, session, std::move(start));
}

} // namespace nekod
