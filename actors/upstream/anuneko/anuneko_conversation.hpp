#pragma once

#include "actors/upstream/answer_flow.hpp"
#include "actors/upstream/anuneko/anuneko_account.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/anuneko/branch_counter.hpp"
#include "protocol/anuneko/reply_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// A conversation at the AnuNeko service. The calls of a turn are
///
///     [read the chat] -> [choose the last reply] -> [create a chat -> select its model | select
///     another model] -> post
///
/// and, once the session committed, choose the reply. A chat that is gone, or waits for a choice
/// that nobody can make, is replaced by a new one that is told what came before. So is one that was
/// told the message already, by a process that ended then, and one whose account rests while others
/// do not.
class anuneko_conversation : public upstream_conversation {
public:
  anuneko_conversation(transport& net, std::shared_ptr<const anuneko_accounts> accounts,
                       upstream_chat known, upstream_listener& listener,
                       conversation_context context);
  ~anuneko_conversation() override;

  anuneko_conversation(const anuneko_conversation&) = delete;
  anuneko_conversation& operator=(const anuneko_conversation&) = delete;

  void begin(const upstream_turn& turn) override;
  void settle() override;
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override;
  void give_up_late() override;
  bool may_have_told() const noexcept override { return step_ == step::posting; }
  void grant(std::size_t bytes) override;
  void on_transfer(transfer_event&& event) override;
  void on_wake(std::uint64_t) override {}
  const upstream_chat& chat() const noexcept override { return chat_; }

private:
  /// What was read of the chat so far.
  struct chat_reading {
    unsigned pages = 0;
    /// The cursor of the next page.
    std::string next;
    /// The user's messages, and those of them that tell the turn's text.
    std::uint64_t messages = 0;
    std::uint64_t same = 0;
  };

  /// A further answer to the message, where the turn wants several.
  struct alternative {
    explicit alternative(int branch) : decoder(branch) {}

    anuneko::reply_decoder decoder;
    /// Whether there was text of it.
    bool begun = false;
  };

  /// Has a decoder read what came, into pieces of text.
  using answer_reader = std::function<void(anuneko::reply_decoder&, deltas&)>;

  enum class step { idle, reading, choosing_before, creating, selecting, posting, choosing_after };

  // The way of a turn.
  void take_account();
  void go();
  void prepare_chat();
  void post();
  void choose(step s);
  void replace_chat();
  void read_chat();

  // Transfers.
  void call(step s, anuneko::call c);
  void start(step s, anuneko::call c, bool repeatable);
  void stop_transfer();
  void drop_turn();
  void take_data(const std::string& bytes);
  void take_answer(const std::string& bytes);
  void read_answers(std::size_t bytes, const answer_reader& read);
  void finish_answer();
  void count_alternatives(const std::string& bytes);
  std::vector<std::optional<openai::finish_reason>> ends_of_alternatives() const;
  void take_end(transfer_failure f);
  void note_reply();

  // Ends of transfers.
  void end_post();
  void end_call(std::optional<openai::error> problem);
  void end_reading(std::optional<openai::error> problem, const std::string& body);
  void compare();
  void end_choosing_before(std::optional<openai::error> problem);
  void end_choosing_after(bool chosen);
  void end_creating(const std::string& body);
  void fail(openai::error reason);
  remedy remedy_for(const openai::error& reason) const;
  bool service_tells_error() const;
  void settled();

  /// Whether the response says that the chat takes no message, so that this one surely was not
  /// taken.
  bool chat_is_lost() const;

  transport& net_;
  std::shared_ptr<const anuneko_accounts> accounts_;
  upstream_chat chat_;
  upstream_listener& listener_;
  conversation_context context_;
  /// Who runs the turn; the last one's, while none runs.
  std::shared_ptr<anuneko_account> account_;
  counted_turn counted_;

  upstream_turn turn_;
  step step_ = step::idle;
  /// Whether this turn gave up a chat already.
  bool replaced_ = false;
  answer_flow flow_;
  chat_reading read_;
  /// Whether the call that just ended was refused before anything came of it.
  bool surely_not_taken_ = false;
  /// What may help if that fails the turn.
  remedy help_ = remedy::none;
  std::uint64_t number_ = 0;
  running_call running_;
  /// How the transfer that just ended went.
  transfer_failure failure_ = transfer_failure::none;
  std::unique_ptr<transfer> transfer_;
  upstream_response response_;
  anuneko::reply_decoder decoder_;
  /// For a turn that wants several answers: all but the first, and how many there will be.
  std::vector<alternative> alternatives_;
  anuneko::branch_counter branches_;
};

} // namespace nekod
