#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/runtime/node_hold.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/conversation_owner.hpp"
#include "actors/session/outside_calls.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/upstream/upstream.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// Receives the events of a session's running turn, within the session's actor.
class link_listener {
public:
  virtual ~link_listener() = default;

  /// The answer is whole. The session commits, then calls `settle`.
  virtual void on_answered(upstream_answer answer) = 0;
  /// The turn failed; the next one may begin.
  virtual void on_failed(const upstream_failure& f) = 0;
  /// After `settle`: the next turn may begin.
  virtual void on_settled() = 0;
};

/// A session's link to the upstream that its conversation is at: the upstream of the newest turn.
///
/// Writes the pieces of an answer to its log where they arrive, also outside of the session's
/// actor, and reports its end within the actor. Each time that it opens a conversation at an
/// upstream, that conversation gets the next number; events and timers of an earlier one are
/// dropped.
class upstream_link : public upstream_listener {
public:
  /// @param self The session. The link must not outlive its state.
  /// @param kept The conversation that new chats are told.
  /// @param budget For several answers that are wanted whole, while they wait; may be null.
  /// @param hold How long the node holds the session; may be null.
  upstream_link(private_session_actor::pointer self, link_listener& session,
                const conversation_owner& kept, home_loop home, std::shared_ptr<byte_budget> budget,
                std::shared_ptr<const node_hold> hold);
  upstream_link(const upstream_link&) = delete;
  upstream_link& operator=(const upstream_link&) = delete;
  ~upstream_link() override;

  // -- the session, within its actor ------------------------------------------------------------

  /// Closes the link. If the next turn goes to the upstream of *known*, it goes on in that chat.
  void close(upstream_chat known);

  /// The session was taken in that period of the node's hold; without one, now.
  void taken_in(std::optional<std::uint64_t> period);

  /// Goes to the turn's upstream. Leaves the chat behind if the conversation was elsewhere.
  void open_for(const turn& t);

  /// Whether nekod obeys parameters of the turn in the upstream's place.
  bool obeys() const noexcept { return obeys_; }

  /// Begins a turn.
  /// @param answer Gets the answer's pieces until `end_turn`.
  void begin(const upstream_turn& told, std::shared_ptr<answer_log> answer);

  /// Begins the running turn again, after it failed before there was anything of its answer.
  void begin_again(const upstream_turn& told) { remote_->begin(told); }

  /// Tells the upstream that its answer was taken. `on_settled` follows, in any case.
  void settle() { remote_->settle(); }

  /// Gives up the turn, if one runs.
  /// @param client_left When its client left, if that is why.
  /// @returns whether the upstream may have heard the turn.
  bool cancel(std::optional<std::chrono::steady_clock::time_point> client_left);

  /// The turn is over: nothing more is written to its log.
  void end_turn();

  /// Whether the turn has ended at the upstream, and the session is about to hear of it.
  bool is_about_to_report() const noexcept { return calls_.waits(); }

  /// The chat at the upstream, for the record; without an id if there is none.
  const upstream_chat& chat() const noexcept { return remote_ ? remote_->chat() : known_chat_; }

  // -- messages of the session to itself --------------------------------------------------------

  void on_transfer(transfer_event&& event, std::uint64_t number);
  void on_wake(std::uint64_t wake, std::uint64_t number);
  void catch_up() { calls_.catch_up(); }

private:
  std::string seeded_text() const override { return kept_.current().seeded_text(); }
  std::size_t times_said() const override { return kept_.current().times_said(); }
  void on_deltas(deltas text, std::size_t bytes) override;
  void on_other_upstream(const std::string& upstream, const std::string& model) override;
  void on_answer(upstream_answer answer) override;
  void on_failure(upstream_failure f) override;
  void on_settled() override;

  void open(upstream_chat known);
  void on_bytes(transfer_event&& event, std::uint64_t number);

  private_session_actor::pointer self_;
  link_listener& session_;
  const conversation_owner& kept_;
  const home_loop home_;
  std::shared_ptr<byte_budget> budget_;
  const std::shared_ptr<const node_hold> hold_;
  std::uint64_t period_ = 0;
  outside_calls calls_;
  /// The chat as the record has it, until there is a conversation at the upstream.
  upstream_chat known_chat_;
  std::shared_ptr<upstream_service> upstream_;
  /// The conversation there; null while the link is closed.
  std::unique_ptr<upstream_conversation> remote_;
  /// The number of the newest.
  std::uint64_t number_ = 0;
  bool obeys_ = false;
  /// The running turn's answer.
  std::shared_ptr<answer_log> answer_;
  /// Gone with the link. Events that come by plain calls look for it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace nekod
