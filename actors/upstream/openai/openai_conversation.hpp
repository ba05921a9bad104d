#pragma once

#include "actors/upstream/openai/openai_account.hpp"
#include "actors/upstream/upstream.hpp"
#include "actors/upstream/upstream_exchange.hpp"
#include "protocol/openai/upstream/answer_collector.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/answer_kind.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace nekod {

/// A conversation at an OpenAI-compatible server: a turn is one call. There is no chat to remember
/// and nothing to settle.
///
/// The server is asked for a streamed or a whole answer, as the client wants. An answer in the
/// other form is converted.
class openai_conversation : public upstream_conversation, private exchange_listener {
public:
  openai_conversation(transport& net, std::shared_ptr<const openai_accounts> accounts,
                      upstream_listener& listener, conversation_context context);

  void begin(const upstream_turn& turn) override;
  void settle() override { listener_.on_settled(); }
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override { cancel({}); }
  void give_up_late() override;
  bool may_have_reached() const noexcept override { return exchange_.running(); }
  void grant(std::size_t bytes) override { exchange_.grant(bytes); }
  void on_transfer(transfer_event&& event) override { exchange_.on_transfer(std::move(event)); }
  const upstream_chat& chat() const noexcept override { return no_chat_; }

private:
  void on_body(std::string&& bytes) override;
  void on_end() override;

  void read_body(const std::string& bytes);
  void read_chunks(const std::string& bytes, std::size_t granted);
  void pass_on(deltas chunks, std::size_t bytes);
  void end_stream();
  void end_whole();
  void succeed(upstream_answer answer);
  void fail(chat::failure reason);
  void give_up_for_room();
  void forget_turn();

  std::shared_ptr<const openai_accounts> accounts_;
  upstream_listener& listener_;
  upstream_exchange exchange_;
  /// The account of the running turn, or of the last one.
  std::shared_ptr<openai_account> account_;
  const upstream_chat no_chat_;

  // State of the running turn:

  /// The form in which the client wants the answer, and that in which it arrives.
  openai::answer_kind wanted_ = openai::answer_kind::unknown;
  openai::answer_kind kind_ = openai::answer_kind::unknown;
  /// Whether the client wants usage.
  bool usage_ = false;
  /// As in `chat::server_parameters`.
  std::optional<std::set<std::string, std::less<>>> allowed_;
  openai::answer_decoder decoder_;
  /// For a stream that is to become a whole answer.
  openai::answer_collector collector_;
  /// The budget's memory in use for an answer that is to be sent whole.
  byte_budget::share held_;
};

} // namespace nekod
