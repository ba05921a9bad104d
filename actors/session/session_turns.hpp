#pragma once

#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/conversation_tip.hpp"
#include "actors/session/last_answer.hpp"
#include "actors/session/session_options.hpp"
#include "actors/session/session_replies.hpp"
#include "actors/session/session_status.hpp"
#include "actors/session/turn_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// How a request that may have been sent before relates to a turn of the session.
enum class repetition : std::uint8_t {
  /// Another request.
  none,
  /// The turn's request once more: it gets that answer.
  given,
  /// A request of the same words, of another client.
  of_another,
};

/// A turn that runs.
struct running_turn : asked_turn {
  explicit running_turn(asked_turn t) : asked_turn(std::move(t)) {}

  /// The text of the answer so far. Empty if it has several answers, of which none counts before
  /// all are there.
  std::string text() const { return answer ? text_of(*answer) : std::string{}; }

  /// Null until it begins at the upstream.
  std::shared_ptr<answer_log> answer;
  /// As how many turns it counts.
  double weight = 1;
  /// How often the upstream was told it again, each time without more of the turns before it.
  std::size_t times_told_shorter = 0;
  /// How often its client had sent the request before, when it sent it last; nothing if the client
  /// does not count.
  std::optional<unsigned> count = what.request->retries.count;
};

/// The turns of a session and their replies: those that wait, the one that runs, and the one that
/// was answered last. A request that is sent again gets the answer of the first one, wherever that
/// is.
class session_turns {
public:
  /// All references must outlive this.
  /// @param before_repeat Called before a reply gets the answer of an earlier request.
  session_turns(const session_options& options, const session_status& status,
                session_replies& replies, last_answer& last, std::function<void()> before_repeat);

  // -- new turns and retries ---------------------------------------------------------------------

  /// Gives *reply* the answer of the first request, if *t* is that request once more. Then the
  /// upstream must not be asked again.
  repetition repeat(const turn& t, const reply_actor& reply);

  /// Decides by which rule a turn belongs to this conversation, sets its match, and counts it.
  /// @returns whether it belongs here. It does not if it came for an answer that is not stored any
  ///          more, and cannot be asked here as the conversation's next turn.
  bool decide_match(turn& t, const conversation_tip& tip) const;

  /// Queues the turn; refuses it if the queue is full.
  /// @returns whether it waits.
  bool add(turn t, reply_actor reply);

  /// The record was read. Of the turns that came meanwhile, answers those whose answer it has and
  /// refuses those that do not belong here.
  /// @returns those that have the words of another client's request.
  std::vector<asked_turn> sort_waiting(const conversation_tip& tip);

  bool any_waits() const noexcept { return !queue_.empty(); }

  // -- the running turn --------------------------------------------------------------------------

  /// The first turn that waits becomes the running one.
  /// @returns whether there was one. If so, `running` is valid until `end_running`.
  bool run_next();
  running_turn& running() { return *running_; }

  /// Begins the running turn's answer, and tells all its replies to read it.
  const std::shared_ptr<answer_log>& begin_answer();

  /// The running turn is over.
  void end_running() { running_.reset(); }

  /// The identity of the turn that runs, or was answered last; empty if the session need not be
  /// found by it.
  std::string identity() const;

  // -- replies that end --------------------------------------------------------------------------

  /// A reply ended, or its client left. A turn that waits without another is dropped.
  /// @returns whether it was the last one of the running turn.
  bool remove_reader(const caf::actor_addr& reply);

  /// All turns that run or wait fail.
  void fail_all(const chat::failure& reason);

private:
  repetition join_running(const turn& t, const reply_actor& reply);
  repetition join_waiting(const turn& t, const reply_actor& reply);
  repetition replay_last(const turn& t, const reply_actor& reply);
  repetition replay_all(const asked_turn& t);
  bool add_reader(turn_readers& readers, const reply_actor& reply);
  void begin_repeat(const reply_actor& reply, const turn& t, session_match match,
                    const std::shared_ptr<answer_log>& answer);

  const session_options& options_;
  const session_status& status_;
  session_replies& replies_;
  last_answer& last_;
  std::function<void()> before_repeat_;
  turn_queue queue_;
  std::optional<running_turn> running_;
};

} // namespace nekod
