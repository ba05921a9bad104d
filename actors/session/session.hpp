#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/bound_actor.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/chat_memory.hpp"
#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/conversation/whole_conversation.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/session/session_options.hpp"
#include "actors/session/turn_readers.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// What a client is told whose turn a session cannot take now, but may soon.
openai::error busy_session();

/// One conversation: takes its turns one at a time, in order.
///
/// A turn runs from `begin` at the upstream to the answer's end; then its record is committed, the
/// reply hears of the end, and the upstream chat is settled, before the next turn begins. A request
/// that is sent again joins the turn of the first one, or has its answer once more.
struct session_state : upstream_listener {
  explicit session_state(private_session_actor::stateful_pointer<session_state> self);
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;
  ~session_state() override;

  // -- what may happen ---------------------------------------------------------------------------

  void start(session_options o);
  void take(turn t, reply_actor reply);
  /// A reply's client left, or the reply ended otherwise.
  void reply_ended(const caf::actor_addr& reply, std::optional<client_left> left = {});
  /// The client that left by that number did not come back in time.
  void abandon(std::uint64_t absence);
  void discard();
  void check_idle();
  /// Something happened to a transfer, or a time is over, of the line with that number.
  void take_transfer(transfer_event&& event, std::uint64_t line);
  /// Does within the actor the rest of an `on_answer` and the like that was called outside of it.
  void catch_up();
  void wake(std::uint64_t number, std::uint64_t line);

  std::string seeded_text() const override;
  std::size_t times_said() const override;
  void on_deltas(deltas text, std::size_t bytes) override;
  void on_answer(upstream_answer answer) override;
  void on_failure(upstream_failure f) override;
  void on_other_upstream(const std::string& upstream, const std::string& model) override;
  void on_settled() override;

  static inline const char* name = "session";

private:
  /// A turn and where its answer goes.
  struct waiting_turn {
    turn what;
    turn_readers readers;
  };

  using phase = session_phase;

  void take_bytes(transfer_event&& event, std::uint64_t line);
  void as_actor(std::function<void()> f);
  void answered(upstream_answer answer);
  void failed(const upstream_failure& f);

  void enter(phase next);
  void begin_info();
  void load();
  void take_record(session_taken taken);
  void use_record(session_record record);
  void offer_to_leave();
  bool is_past_age(const openai::session_info& info) const;
  void begin_next();
  void begin(waiting_turn t);
  void use(const turn& t);
  void open_line(upstream_chat known);
  const upstream_chat& chat() const noexcept { return line_ ? line_->chat() : known_chat_; }
  result<upstream_turn, openai::error> make_upstream_turn(const turn& t);
  void commit(openai::answer_end end);
  void not_committed();
  void doubt_store();
  void enter_settling();
  void end_turn();
  /// Gives up the running turn, whose client left *then* if that is known.
  void give_up(std::optional<std::chrono::steady_clock::time_point> then);
  void drop_running(std::optional<std::chrono::steady_clock::time_point> then);
  /// Commits what there is between turns, without waiting for it.
  void save();
  session_commit make_commit(std::string tip, message_changes changes);
  void fail_all(const openai::error& reason);
  /// Tells all who wait for a turn that it came to nothing.
  void refuse(const turn_readers& readers, turn_outcome outcome, const openai::error& reason,
              double turns = 1);
  /// As how many turns the running one counts: one for each answer that is wanted of a service of
  /// plain text.
  double running_turns() const noexcept {
    return line_obeys_ ? running_->what.request->choices : 1;
  }

  // Requests that are sent again.
  bool join(const turn& t, const reply_actor& reply);
  bool join_running(const turn& t, const reply_actor& reply);
  bool join_waiting(const turn& t, const reply_actor& reply);
  bool is_one_too_many(const turn_readers& readers, const reply_actor& reply);
  bool replay(const turn& t, const reply_actor& reply);
  void name_answerer(turn& what) const;
  void begin_reply(turn_head head, const reply_actor& reply);
  void repeat_to(const reply_actor& reply, const turn& t, session_match match,
                 const std::shared_ptr<answer_log>& answer);
  void forget_answer_of(const turn& t);
  void answer_repeated();
  void remember_answer(const openai::answer_end& end);
  void forget_answer();
  bool belongs(turn& t);
  bool may_take(turn& t) const;
  std::string repeatable() const;

  void remember(chat_record kept, std::size_t stored = 0);
  std::string answered_text() const;
  std::shared_ptr<answer_log> make_log(answer_identity identity);
  void begin_answer();
  void break_off(bool heard);
  const std::optional<std::string>& tip() const noexcept;
  void tell_registry();
  session_report report();
  session_record record(std::string tip);

  private_session_actor::stateful_pointer<session_state> self_;
  session_options options_;
  /// The chat as the record has it, until there is a line to an upstream.
  upstream_chat known_chat_;
  /// Where the conversation is: the upstream of the newest turn.
  std::shared_ptr<upstream_service> upstream_;
  std::unique_ptr<upstream_conversation> line_;
  /// Whether that line obeys what the upstream cannot.
  bool line_obeys_ = false;
  /// How many lines there were.
  std::uint64_t lines_ = 0;
  /// The version of the record, if all commits that are under way succeed; 0 for none.
  std::uint64_t version_ = 0;
  /// Whether the store has the record as this session knows it. After a commit that failed it may
  /// have either version, and the record is taken again before the next turn.
  enum class stored_record : std::uint8_t { known, in_doubt } stored_ = stored_record::known;
  /// Whether the stored record has an answer that is not to be told again.
  enum class stored_answer : std::uint8_t {
    current,
    outdated
  } stored_answer_ = stored_answer::current;
  /// Set by `enter` only.
  phase phase_ = phase::unknown;
  std::deque<waiting_turn> queue_;
  std::optional<waiting_turn> running_;
  /// The running turn's answer.
  std::shared_ptr<answer_log> answer_;
  /// The last turn that was answered.
  std::optional<answered_turn> last_;
  /// Clients that left and were about to come back.
  std::uint64_t absences_ = 0;
  openai::session_info info_;
  /// For a stateless upstream: the conversation; its digest, which is not there where that is not
  /// to be recognised; and the digest with the turn that is being committed.
  std::optional<whole_conversation> whole_;
  std::optional<std::string> tip_;
  std::string next_tip_;
  /// For one that keeps its chats.
  chat_memory memory_{nullptr};
  /// Turns taken, refused ones included: what the registry sent.
  std::uint64_t turns_ = 0;
  /// Whether it was idle at the last look for that, and has been since.
  bool idle_since_look_ = true;
  /// Whether a transfer calls from outside of the actor, where nothing of CAF may be used; and what
  /// is to be done of it within.
  bool outside_ = false;
  std::function<void()> left_for_actor_;
  /// Gone with the state: events that come by plain calls look for it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Spawns a SESSION on its home loop.
/// @param host A system, or an actor.
template <class Host>
session_actor spawn_session(Host& host, session_options options);

/// The behaviour of a SESSION.
private_session_actor::behavior_type
session(private_session_actor::stateful_pointer<session_state> self, session_options options);

template <class Host>
session_actor spawn_session(Host& host, session_options options) {
  const auto home = options.home;
  return spawn_bound<private_session_actor, session_state>(host, home, session, std::move(options));
}

} // namespace nekod
