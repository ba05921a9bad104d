#include "actors/upstream/anuneko/anuneko_conversation.hpp"

#include <utility>

namespace nekod {

using chat::failure_code;

namespace {

/// Bytes of a reply that are kept to see whether it is a page for people.
constexpr std::size_t page_beginning = 64;

/// Whether the response says that the chat accepts no message, so that this one certainly was not
/// accepted.
bool says_chat_is_lost(const upstream_response& response, const anuneko_reply& reply) {
  if (response.status == 404 || response.status == 410)
    return true;
  const auto e = response.ok() ? reply.error() : anuneko::parse_error(response.body);
  return e && e->code == anuneko::choice_not_taken;
}

/// Whether the call was refused before the service acted on it.
bool was_not_taken(const upstream_exchange& x) {
  const auto status = x.response().status;
  return was_not_sent(x.failure()) || status == 401 || status == 402 || status == 403 ||
         status == 429 || status == 503;
}

/// Why a turn ends whose session this node does not hold any more.
chat::failure lost_chat() {
  return chat::retry_soon(failure_code::store_unavailable, "this node was away for too long");
}

/// The remedy after a call that failed for *reason*.
remedy remedy_for(const chat::failure& reason, const upstream_exchange& x,
                  const anuneko_accounts& accounts, const anuneko_account& account) {
  if (reason.maybe_taken)
    return remedy::none;
  const auto& response = x.response();
  const auto others = accounts.others_work(account, x.call().model);
  if (reason.code == failure_code::upstream_auth_failed)
    return others ? remedy::other_account : remedy::none;
  if (reason.code == failure_code::rate_limit_exceeded)
    return others && !is_page(response) ? remedy::other_account : remedy::later;
  if (loads(response, x.failure(), accounts.breaker()))
    return remedy::when_loaded;
  return x.failure() != transfer_failure::none || response.status >= 500 ? remedy::later
                                                                         : remedy::none;
}

} // namespace

anuneko_conversation::anuneko_conversation(transport& net,
                                           std::shared_ptr<const anuneko_accounts> accounts,
                                           upstream_chat known, upstream_listener& listener,
                                           conversation_context context)
    : accounts_(std::move(accounts)),
      chat_(std::move(known)),
      listener_(listener),
      holds_chat_(std::move(context.holds_chat)),
      exchange_(net, std::move(context.events), *this) {}

// -- the interface -------------------------------------------------------------------------------

void anuneko_conversation::begin(const upstream_turn& turn) {
  turn_ = turn;
  replaced_ = false;
  reply_ = anuneko_reply{};
  if (turn.new_chat)
    chat_ = upstream_chat{};
  choose_account();
  preparation_ = {account_->who(), turn_.text, turn_.model};
  prepare();
}

void anuneko_conversation::settle() {
  if (chat_.unsettled_message.empty())
    end_settling();
  else
    call(step::settling, anuneko::select_choice(chat_.unsettled_message, 0), true);
}

void anuneko_conversation::cancel(
    std::optional<std::chrono::steady_clock::time_point> client_left) {
  exchange_.cancel(client_left);
  drop_turn();
}

/// The chat has, or will have, more of the answer than the client received.
void anuneko_conversation::let_go() {
  if (exchange_.running())
    exchange_.finish(nullptr);
  drop_turn();
  chat_ = upstream_chat{};
}

void anuneko_conversation::give_up_late() {
  exchange_.give_up_late();
  drop_turn();
}

void anuneko_conversation::drop_turn() {
  if (step_ == step::posting)
    note_reply();
  step_ = step::idle;
  turn_ = upstream_turn{};
  exchange_.close();
  exchange_.end_turn();
}

// -- the calls of a turn -------------------------------------------------------------------------

/// A chat stays with the account that created it. If that account rests and others do not, or if it
/// is no longer configured, the turn begins a new chat of another account.
void anuneko_conversation::choose_account() {
  auto own = chat_.id.empty() ? nullptr : accounts_->find(chat_.account, turn_.model);
  if (!own)
    chat_ = upstream_chat{};
  account_ = own ? own : accounts_->any(turn_.model);
  exchange_.begin_turn(account_);
}

void anuneko_conversation::prepare() {
  if (auto next = preparation_.next(chat_))
    call(step::preparing, std::move(*next), true);
  else
    post();
}

void anuneko_conversation::replace_chat() {
  replaced_ = true;
  exchange_.close();
  chat_ = upstream_chat{};
  prepare();
}

void anuneko_conversation::post() {
  reply_ = anuneko_reply{turn_.alternatives};
  call(step::posting,
       anuneko::post_message(chat_.id, chat_.is_new ? listener_.seeded_text() : turn_.text), false);
}

void anuneko_conversation::call(step s, anuneko::call c, bool repeatable) {
  // Another node may go on with the chat, and does not expect a call.
  if (holds_chat_ && !holds_chat_())
    return s == step::settling ? end_settling() : fail(lost_chat(), remedy::none);
  step_ = s;
  const auto kind = c.kind;
  auto request = account_->make(std::move(c), repeatable);
  request.may_gather = s == step::posting && !turn_.request->stream;
  exchange_.start(begun(kind, turn_.model), std::move(request));
}

void anuneko_conversation::on_body(std::string&& bytes) {
  auto& response = exchange_.response();
  if (step_ == step::posting && response.ok()) {
    read_reply(bytes);
    return;
  }
  exchange_.grant(bytes.size());
  if (response.body.size() + bytes.size() > max_small_reply)
    end_call(chat::failure{failure_code::upstream_error, {}, "the upstream's reply is too long"});
  else
    response.body += bytes;
}

/// Receiving text may make the listener let the chat go, which ends the call.
void anuneko_conversation::read_reply(const std::string& bytes) {
  if (auto& body = exchange_.response().body;
      !exchange_.answer_began() && body.size() < page_beginning)
    body += bytes.substr(0, page_beginning); // To see whether it is a page.
  reply_.feed(bytes, exchange_, listener_);
  if (exchange_.running() && reply_.error())
    end_post();
}

void anuneko_conversation::on_end() {
  const auto& response = exchange_.response();
  if (exchange_.failure() != transfer_failure::none) {
    end_call(failure_of(exchange_.failure(), response));
  } else if (!response.ok()) {
    end_call(failure_of(response));
  } else if (step_ == step::posting) {
    reply_.finish(exchange_, listener_);
    if (exchange_.running())
      end_post();
  } else if (auto e = anuneko::parse_error(response.body)) {
    end_call(failure_of(*e));
  } else {
    end_call(std::nullopt);
  }
}

// -- ends of calls -------------------------------------------------------------------------------

/// The reply's stream ended, or said that it is complete.
void anuneko_conversation::end_post() {
  if (const auto& e = reply_.error()) {
    end_call(failure_of(*e));
    return;
  }
  note_reply();
  exchange_.finish(nullptr);
  auto answer = reply_.end();
  step_ = step::idle;
  turn_ = upstream_turn{};
  exchange_.close();
  listener_.on_answer(std::move(answer));
}

/// A call ended; *problem* says why it failed, if it did. All failures of a turn come through here.
void anuneko_conversation::end_call(std::optional<chat::failure> problem) {
  auto& response = exchange_.response();
  const auto posting = step_ == step::posting;
  response.tells_error = problem && (posting ? reply_.error() && reply_.error_is_theirs()
                                             : anuneko::parse_error(response.body).has_value());
  exchange_.finish(problem ? &*problem : nullptr);
  const auto shows_chat = posting || (step_ == step::preparing && preparation_.is_selecting());
  if (problem && shows_chat && !exchange_.answer_began() && !replaced_ &&
      says_chat_is_lost(response, reply_)) {
    replace_chat();
    return;
  }
  exchange_.close();
  if (step_ == step::preparing) {
    end_preparing(std::move(problem));
  } else if (posting) {
    note_reply();
    problem->maybe_taken = !was_not_taken(exchange_);
    // The message may not be posted to the same chat twice.
    chat_.unsure = problem->maybe_taken && !exchange_.answer_began();
    const auto help = remedy_for(*problem, exchange_, *accounts_, *account_);
    fail(std::move(*problem), help);
  } else {
    // A failed choice is repeated before the next message.
    if (!problem)
      chat_.unsettled_message.clear();
    end_settling();
  }
}

void anuneko_conversation::end_preparing(std::optional<chat::failure> problem) {
  const auto help = problem ? remedy_for(*problem, exchange_, *accounts_, *account_) : remedy::none;
  const auto call_failed = problem.has_value();
  auto failure = preparation_.on_end(std::move(problem), exchange_.failure(), exchange_.response(),
                                     chat_, listener_);
  if (!failure) {
    prepare();
    return;
  }
  if (!call_failed)
    account_->learned_nothing();
  fail(std::move(*failure), help);
}

/// Records what the reply, complete or broken, said about the chat.
void anuneko_conversation::note_reply() {
  account_->skipped(reply_.skipped());
  chat_.unsettled_message = reply_.message_id();
  if (exchange_.answer_began() || !reply_.message_id().empty()) {
    chat_.is_new = false;
    ++chat_.messages;
  }
}

void anuneko_conversation::end_settling() {
  step_ = step::idle;
  exchange_.end_turn();
  listener_.on_settled();
}

void anuneko_conversation::fail(chat::failure reason, remedy help) {
  if (help == remedy::other_account)
    chat_ = upstream_chat{};
  tell_shortest_rest(reason, *accounts_, turn_.model);
  step_ = step::idle;
  turn_ = upstream_turn{};
  exchange_.end_turn();
  listener_.on_failure({std::move(reason), help});
}

} // namespace nekod
