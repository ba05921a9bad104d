#pragma once

#include "actors/upstream/answer_flow.hpp"
#include "actors/upstream/openai/openai_account.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/openai/upstream/answer_collector.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/answer_kind.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"

#include <memory>
#include <string>

namespace nekod {

/// A conversation at an OpenAI-compatible server: a turn is one call. There is no chat to remember
/// and nothing to settle.
///
/// The server is asked for a stream or for an answer in one piece, as the client wants. An answer
/// that comes in the other form all the same is converted.
class openai_conversation : public upstream_conversation {
public:
  openai_conversation(transport& net, std::shared_ptr<const openai_accounts> accounts,
                      upstream_listener& listener, conversation_context context);
  ~openai_conversation() override;

  openai_conversation(const openai_conversation&) = delete;
  openai_conversation& operator=(const openai_conversation&) = delete;

  void begin(const upstream_turn& turn) override;
  void settle() override { listener_.on_settled(); }
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override { cancel({}); }
  void give_up_late() override;
  bool may_have_told() const noexcept override { return running_; }
  void grant(std::size_t bytes) override;
  void on_transfer(transfer_event&& event) override;
  void on_wake(std::uint64_t) override {}
  const upstream_chat& chat() const noexcept override { return no_chat_; }

private:
  void take_data(const std::string& bytes);
  void take_body(const std::string& bytes);
  void take_chunks(const std::string& bytes, std::size_t granted);
  void take_end(transfer_failure f);
  void pass_on(deltas chunks, std::size_t bytes);
  void end_stream();
  void end_whole();
  void succeed(upstream_answer answer);
  void fail(openai::error reason);
  void drop_turn();
  void forget_answer();
  void give_up_for_room();
  remedy remedy_for(const openai::error& reason) const;

  transport& net_;
  std::shared_ptr<const openai_accounts> accounts_;
  upstream_listener& listener_;
  conversation_context context_;
  /// Who runs the turn; the last one's, while none runs.
  std::shared_ptr<openai_account> account_;
  counted_turn counted_;
  const upstream_chat no_chat_;

  /// In which form the client wants the answer, and in which it comes.
  openai::answer_kind wanted_ = openai::answer_kind::unknown;
  openai::answer_kind kind_ = openai::answer_kind::unknown;
  /// Whether the turn still runs. A transfer outlives it until its end, so that its connection can
  /// be used again.
  bool running_ = false;
  answer_flow flow_;
  std::uint64_t number_ = 0;
  running_call call_;
  transfer_failure failure_ = transfer_failure::none;
  std::unique_ptr<transfer> transfer_;
  upstream_response response_;
  /// The bytes of an answer that arrives in one piece.
  byte_budget::share held_;
  openai::answer_decoder decoder_;
  /// Of a stream that is to be one answer.
  openai::answer_collector collector_;
  bool usage_ = false;
};

} // namespace nekod
