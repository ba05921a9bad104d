#include "actors/upstream/anuneko/anuneko_conversation.hpp"

#include <utility>

namespace nekod {

using openai::error;
using openai::error_code;

namespace {

/// Bytes of a reply that are kept to see whether it is a page.
constexpr std::size_t page_beginning = 64;

} // namespace

anuneko_conversation::anuneko_conversation(transport& net,
                                           std::shared_ptr<const anuneko_accounts> accounts,
                                           upstream_chat known, upstream_listener& listener,
                                           conversation_context context)
    : net_(net),
      accounts_(std::move(accounts)),
      chat_(std::move(known)),
      listener_(listener),
      context_(std::move(context)) {}

anuneko_conversation::~anuneko_conversation() {
  if (transfer_)
    account_->cancelled(running_);
}

// -- the interface -------------------------------------------------------------------------------

void anuneko_conversation::begin(const upstream_turn& turn) {
  turn_ = turn;
  replaced_ = false;
  flow_ = answer_flow{};
  if (turn.new_chat)
    chat_ = upstream_chat{};
  take_account();
  read_ = chat_reading{};
  if (chat_.unsure)
    read_chat();
  else
    go();
}

void anuneko_conversation::settle() {
  if (chat_.unsettled_message.empty())
    settled();
  else
    choose(step::choosing_after);
}

void anuneko_conversation::cancel(
    std::optional<std::chrono::steady_clock::time_point> client_left) {
  if (transfer_)
    account_->cancelled(running_);
  if (transfer_ && client_left)
    transfer_->abandon(*client_left);
  drop_turn();
}

/// The chat has, or is about to have, more of the answer than the client got.
void anuneko_conversation::let_go() {
  if (transfer_)
    account_->ended(running_, nullptr, transfer_failure::none, response_);
  drop_turn();
  chat_ = upstream_chat{};
}

void anuneko_conversation::give_up_late() {
  const error late{error_code::upstream_timeout};
  if (transfer_)
    account_->ended(running_, &late, transfer_failure::first_byte_timeout, response_);
  drop_turn();
}

void anuneko_conversation::drop_turn() {
  if (step_ == step::posting)
    note_reply();
  turn_ = upstream_turn{};
  stop_transfer();
  counted_.end();
}

void anuneko_conversation::grant(std::size_t bytes) {
  if (transfer_)
    transfer_->grant(bytes);
}

void anuneko_conversation::on_transfer(transfer_event&& event) {
  if (!transfer_ || event.transfer != number_)
    return;
  switch (event.what) {
  case transfer_event::kind::head:
    response_.take_head(event, account_->longest_rest());
    break;
  case transfer_event::kind::data:
    take_data(event.bytes);
    break;
  case transfer_event::kind::end:
    take_end(event.failure);
    break;
  }
}

// -- the way of a turn ---------------------------------------------------------------------------

/// A chat stays with the account that made it. Where that rests, and others do not, or is not there
/// any more, a new chat of another takes its place.
void anuneko_conversation::take_account() {
  auto own = chat_.id.empty() ? nullptr : accounts_->find(chat_.account, turn_.model);
  if (!own)
    chat_ = upstream_chat{};
  account_ = own ? own : accounts_->any(turn_.model);
  counted_ = counted_turn{account_};
}

/// A page of what the chat has.
void anuneko_conversation::read_chat() {
  ++read_.pages;
  call(step::reading, anuneko::list_messages(chat_.id, read_.next));
}

void anuneko_conversation::go() {
  if (!chat_.unsettled_message.empty())
    choose(step::choosing_before);
  else
    prepare_chat();
}

void anuneko_conversation::prepare_chat() {
  if (chat_.id.empty())
    call(step::creating, anuneko::create_chat(turn_.model));
  else if (chat_.model != turn_.model)
    call(step::selecting, anuneko::select_model(chat_.id, turn_.model));
  else
    post();
}

void anuneko_conversation::post() {
  decoder_ = anuneko::reply_decoder{};
  branches_ = anuneko::branch_counter{};
  alternatives_.clear();
  for (std::size_t i = 1; i < turn_.alternatives; ++i)
    alternatives_.emplace_back(static_cast<int>(i));
  flow_ = answer_flow{};
  auto call = chat_.is_new ? anuneko::post_message(chat_.id, listener_.seeded_text())
                           : anuneko::post_message(chat_.id, turn_.text);
  start(step::posting, std::move(call), false);
}

void anuneko_conversation::choose(step s) {
  call(s, anuneko::select_choice(chat_.unsettled_message, 0));
}

void anuneko_conversation::replace_chat() {
  replaced_ = true;
  stop_transfer();
  chat_ = upstream_chat{};
  prepare_chat();
}

// -- transfers -----------------------------------------------------------------------------------

void anuneko_conversation::call(step s, anuneko::call c) { start(s, std::move(c), true); }

void anuneko_conversation::start(step s, anuneko::call c, bool repeatable) {
  step_ = s;
  running_ = begun(c.kind, turn_.model);
  failure_ = transfer_failure::none;
  response_ = upstream_response{};
  surely_not_taken_ = false;
  transfer_ = net_.start(++number_, account_->make(std::move(c), repeatable), context_.events);
}

void anuneko_conversation::stop_transfer() {
  transfer_.reset();
  alternatives_.clear();
  step_ = step::idle;
}

void anuneko_conversation::take_data(const std::string& bytes) {
  if (step_ == step::posting && response_.ok()) {
    take_answer(bytes);
    return;
  }
  transfer_->grant(bytes.size());
  if (response_.body.size() + bytes.size() > max_small_reply)
    end_call(error{error_code::upstream_error, {}, "the upstream's reply is too long"});
  else
    response_.body += bytes;
}

// Whoever is passed text may let the chat go, which ends the transfer.

void anuneko_conversation::take_answer(const std::string& bytes) {
  if (!flow_.begun() && response_.body.size() < page_beginning)
    response_.body += bytes.substr(0, page_beginning); // To see whether it is a page.
  if (alternatives_.empty()) {
    deltas text;
    decoder_.feed(bytes, text);
    if (!flow_.begun() && !text.empty())
      account_->answer_began();
    flow_.pass_on(std::move(text), bytes.size(), *transfer_, listener_);
  } else {
    count_alternatives(bytes);
    read_answers(bytes.size(), [&](anuneko::reply_decoder& d, deltas& out) { d.feed(bytes, out); });
  }
  if (transfer_ && decoder_.error())
    end_post();
}

void anuneko_conversation::count_alternatives(const std::string& bytes) {
  if (branches_.count())
    return;
  branches_.feed(bytes);
  if (branches_.count())
    listener_.on_alternatives(*branches_.count());
}

/// Has each answer's decoder read the same bytes: several answers are rarely wanted.
void anuneko_conversation::read_answers(std::size_t bytes, const answer_reader& read) {
  std::vector<deltas> texts(1 + alternatives_.size());
  read(decoder_, texts.front());
  for (std::size_t i = 0; i < alternatives_.size(); ++i) {
    auto& [decoder, begun] = alternatives_[i];
    read(decoder, texts[i + 1]);
    begun = begun || !texts[i + 1].empty();
  }
  flow_.pass_on(texts, bytes, *transfer_, listener_);
}

/// The reply's body is whole: passes on what was held back of its characters.
void anuneko_conversation::finish_answer() {
  if (!alternatives_.empty()) {
    read_answers(0, [](anuneko::reply_decoder& d, deltas& out) { d.finish(out); });
    return;
  }
  deltas text;
  decoder_.finish(text);
  flow_.pass_on(std::move(text), 0, *transfer_, listener_);
}

void anuneko_conversation::take_end(transfer_failure f) {
  failure_ = f;
  surely_not_taken_ = was_not_sent(f) || response_.status == 401 || response_.status == 402 ||
                      response_.status == 403 || response_.status == 429 || response_.status == 503;
  if (f != transfer_failure::none) {
    end_call(failure_of(f, response_));
  } else if (!response_.ok()) {
    end_call(failure_of(response_));
  } else if (step_ == step::posting) {
    finish_answer();
    if (transfer_)
      end_post();
  } else if (auto e = anuneko::parse_error(response_.body)) {
    end_call(failure_of(*e));
  } else {
    end_call(std::nullopt);
  }
}

/// Takes down what the reply, whole or broken, has told of the chat.
void anuneko_conversation::note_reply() {
  account_->skipped(decoder_.skipped());
  chat_.unsettled_message = decoder_.message_id();
  if (flow_.begun() || !decoder_.message_id().empty()) {
    chat_.is_new = false;
    ++chat_.messages;
  }
}

} // namespace nekod
