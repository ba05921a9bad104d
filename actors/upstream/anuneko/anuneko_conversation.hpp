#pragma once

#include "actors/upstream/anuneko/anuneko_account.hpp"
#include "actors/upstream/anuneko/anuneko_reply.hpp"
#include "actors/upstream/anuneko/chat_preparation.hpp"
#include "actors/upstream/upstream.hpp"
#include "actors/upstream/upstream_exchange.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// A conversation at the AnuNeko service. A turn prepares the chat (`chat_preparation`), posts the
/// message, and, once the session has committed the answer, chooses the reply.
///
/// A new chat, which gets the conversation so far as text, replaces a chat that is gone, that waits
/// for an unknown choice, that may already have got the turn's message from an earlier process, or
/// whose account rests while others do not.
class anuneko_conversation : public upstream_conversation, private exchange_listener {
public:
  anuneko_conversation(transport& net, std::shared_ptr<const anuneko_accounts> accounts,
                       upstream_chat known, upstream_listener& listener,
                       conversation_context context);

  void begin(const upstream_turn& turn) override;
  void settle() override;
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override;
  void give_up_late() override;
  bool may_have_reached() const noexcept override { return step_ == step::posting; }
  void grant(std::size_t bytes) override { exchange_.grant(bytes); }
  void on_transfer(transfer_event&& event) override { exchange_.on_transfer(std::move(event)); }
  const upstream_chat& chat() const noexcept override { return chat_; }

private:
  enum class step { idle, preparing, posting, settling };

  void on_body(std::string&& bytes) override;
  void on_end() override;

  void choose_account();
  void prepare();
  void replace_chat();
  void post();
  void call(step s, anuneko::call c, bool repeatable);
  void read_reply(const std::string& bytes);
  void end_post();
  void end_call(std::optional<chat::failure> problem);
  void end_preparing(std::optional<chat::failure> problem);
  void note_reply();
  void drop_turn();
  void fail(chat::failure reason, remedy help);
  void end_settling();

  std::shared_ptr<const anuneko_accounts> accounts_;
  upstream_chat chat_;
  upstream_listener& listener_;
  std::function<bool()> holds_chat_;
  upstream_exchange exchange_;
  /// The account of the running turn, or of the last one.
  std::shared_ptr<anuneko_account> account_;

  // State of the running turn:
  upstream_turn turn_;
  step step_ = step::idle;
  chat_preparation preparation_;
  anuneko_reply reply_;
  /// Whether it has replaced a chat already.
  bool replaced_ = false;
};

} // namespace nekod
