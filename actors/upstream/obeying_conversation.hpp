#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/openai/chat/choices.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// The most answers that a request to a text-only service may ask for.
inline constexpr std::uint32_t most_choices = 8;

/// Whether a request has parameters that an `obeying_conversation` obeys.
bool wants_obeying(const chat::request& r);

/// A conversation at a text-only service, with the parameters that the gateway obeys in the
/// service's place: `stop`, `max_tokens`, `max_completion_tokens` and `n`.
///
/// An answer that a limit ends counts as answered: its transfer is closed and its chat is let go,
/// since that chat has more than the client received. Further answers are the alternatives in the
/// service's reply; if there are too few, further chats get the same message. The first answer
/// belongs to the conversation. If one of several answers fails, or the turn is given up, the turn
/// fails and the conversation's chat is let go.
class obeying_conversation : public upstream_conversation {
public:
  /// @param known The conversation's chat.
  /// @param budget Counts several answers that are wanted whole while they wait; may be null.
  obeying_conversation(std::shared_ptr<upstream_service> upstream, upstream_chat known,
                       upstream_listener& listener, conversation_context context,
                       std::shared_ptr<byte_budget> budget = nullptr);

  obeying_conversation(const obeying_conversation&) = delete;
  obeying_conversation& operator=(const obeying_conversation&) = delete;

  void begin(const upstream_turn& turn) override;
  void settle() override;
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override { primary().conversation->let_go(); }
  void give_up_late() override;
  bool may_have_reached() const noexcept override;
  void grant(std::size_t bytes) override;
  void on_transfer(transfer_event&& event) override;
  void on_wake(std::uint64_t number) override;
  const upstream_chat& chat() const noexcept override {
    return sources_.front()->conversation->chat();
  }

private:
  /// A chat that gets the turn's message, and the answers that it produces.
  struct source : upstream_listener {
    source(obeying_conversation& o, std::uint32_t t) : owner(o), tag(t) {}

    void on_deltas(deltas text, std::size_t bytes) override {
      std::vector<deltas> texts;
      texts.push_back(std::move(text));
      owner.on_texts(*this, texts, bytes);
    }
    void on_alternatives(std::size_t count) override { owner.on_count(*this, count); }
    void on_branches(const std::vector<deltas>& texts, std::size_t bytes) override {
      owner.on_texts(*this, texts, bytes);
    }
    void on_answer(upstream_answer answer) override { owner.on_answer(*this, answer); }
    void on_failure(upstream_failure f) override { owner.on_failure(*this, std::move(f)); }
    void on_other_upstream(const std::string& upstream, const std::string& model) override {
      owner.listener_.on_other_upstream(upstream, model);
    }
    void on_settled() override { owner.listener_.on_settled(); }
    std::string seeded_text() const override { return owner.listener_.seeded_text(); }
    std::size_t times_said() const override { return owner.listener_.times_said(); }

    obeying_conversation& owner;
    /// Marks its transfers and timers; 0 for the conversation's own chat.
    std::uint32_t tag;
    std::unique_ptr<upstream_conversation> conversation;
    /// The indexes of its answers: that of its first answer, then those of its alternatives.
    std::vector<std::size_t> answers;
    /// Whether it will bring no more text.
    bool ended = false;
  };

  source& primary() noexcept { return *sources_.front(); }
  source* find(std::uint64_t tag);
  conversation_context context_for(std::uint32_t tag);

  void on_texts(source& from, const std::vector<deltas>& texts, std::size_t bytes);
  void on_count(source& from, std::size_t count);
  void on_answer(source& from, const upstream_answer& answer);
  void on_failure(source& from, upstream_failure f);

  void pass_on(source& from, deltas out, std::size_t bytes);
  void ask_further(const std::vector<std::size_t>& answers, std::size_t in_one_reply);
  void begin_further(std::vector<std::size_t> answers);
  void end_if_all_ended();
  void fail_soon(upstream_failure f);
  void fail_for_room();
  void drop_turn();

  std::shared_ptr<upstream_service> upstream_;
  upstream_listener& listener_;
  conversation_context context_;
  /// The conversation's chat, then those for further answers of the running turn.
  std::vector<std::unique_ptr<source>> sources_;
  std::uint32_t last_tag_ = 0;
  std::shared_ptr<byte_budget> budget_;

  // State of the running turn:
  upstream_turn turn_;
  std::optional<openai::choices> choices_;
  /// The budget's memory in use for answers that are wanted whole.
  byte_budget::share held_;
  /// Of several answers: the bytes of each source's window that text took, in the order passed on.
  std::deque<std::pair<source*, std::size_t>> used_;
  /// Of several answers: why the turn is about to fail.
  std::optional<upstream_failure> failure_;
};

} // namespace nekod
