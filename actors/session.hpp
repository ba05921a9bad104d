#pragma once

#include "actors/conversation_digest.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// What a session actor is made of.
struct session_options {
  session_options() = default;

  /// Its id, and the tenant it belongs to.
  std::string id;
  std::string tenant;
  /// Whether the store may know it already.
  bool stored = false;
  std::shared_ptr<upstream_service> upstream;
  store_actor store;
  registry_actor registry;
  std::shared_ptr<metrics> counts;
  std::shared_ptr<const conversation_digest> digest;
  /// Turns that may wait while one runs; one more is refused with `session_busy`.
  std::size_t queue_limit = 16;
  /// After that time without turns the actor offers to leave memory.
  std::chrono::seconds idle_time{60};
  /// After that time since its beginning a conversation is over; zero for no limit.
  std::chrono::seconds max_age{0};
};

/// One conversation: takes its turns one at a time, in order.
///
/// A turn runs from `begin` at the upstream to the answer's end; then its record is committed, the
/// reply hears of the end, and the upstream chat is settled, before the next turn begins.
struct session_state : upstream_listener {
  explicit session_state(session_actor::stateful_pointer<session_state> self);
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;
  ~session_state() override;

  // -- what may happen ---------------------------------------------------------------------------

  void start(session_options o);
  void take(turn t, reply_actor reply);
  /// A reply's client left, *then* if that is known, or the reply ended otherwise.
  void reply_ended(const caf::actor_addr& reply,
                   std::optional<std::chrono::steady_clock::time_point> then = {});
  void discard();
  void check_idle();

  void on_deltas(deltas text, std::size_t bytes) override;
  void on_answer(openai::finish_reason reason) override;
  void on_failure(openai::error reason) override;
  void on_settled() override;

  static inline const char* name = "session";

  std::unique_ptr<chat_upstream> line;

private:
  /// A turn and where its answer goes.
  struct waiting_turn {
    turn what;
    reply_actor reply;
  };

  using phase = session_phase;

  void enter(phase next);
  void load();
  void loaded(session_lookup found);
  void offer_to_leave();
  bool is_past_age(const openai::session_info& info) const;
  void begin_next();
  void begin(waiting_turn t);
  upstream_turn make_upstream_turn(const turn& t) const;
  void commit(openai::finish_reason reason);
  void settle();
  void end_turn();
  /// Writes the record without anybody waiting for it.
  void save();
  void fail_all(const openai::error& reason);
  /// Tells a reply that its turn came to nothing.
  void refuse(const reply_actor& reply, turn_outcome outcome, openai::error reason);
  void remember_turn();
  std::optional<std::string> tip_after_turn() const;
  void forget_tip();
  void tell_registry();
  session_report report();
  session_record record();

  session_actor::stateful_pointer<session_state> self_;
  session_options options_;
  /// Set by `enter` only.
  phase phase_ = phase::unknown;
  std::deque<waiting_turn> queue_;
  /// The running turn; nobody waits for its answer once its reply ended.
  std::optional<waiting_turn> running_;
  /// The running turn's answer so far.
  std::string answer_;
  openai::session_info info_;
  std::vector<openai::message> transcript_;
  /// The digest of what the upstream chat was told and has answered; nothing where that is not
  /// sure.
  std::optional<std::string> tip_ = std::string{};
  /// Turns taken, refused ones included: what the registry sent.
  std::uint64_t turns_ = 0;
  /// Turns at the last look for idleness.
  std::uint64_t turns_seen_ = 0;
};

/// A SESSION.
session_actor::behavior_type session(session_actor::stateful_pointer<session_state> self,
                                     session_options options);

} // namespace nekod
