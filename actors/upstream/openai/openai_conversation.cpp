#include "actors/upstream/openai/openai_conversation.hpp"

#include "protocol/openai/upstream/call_table.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"
#include "protocol/text/words.hpp"

#include <utility>

namespace nekod {

using chat::failure_code;
using openai::answer_kind;

namespace {

chat::failure too_long() {
  return {failure_code::upstream_error, {}, "the upstream's answer is too long"};
}

/// Whether a server error says that a request will fail again, or that a proxy gave up waiting for
/// an answer that the server may still be working on.
bool is_no_better_later(std::uint16_t status) {
  constexpr std::uint16_t not_implemented = 501;
  constexpr std::uint16_t gateway_timeout = 504;
  constexpr std::uint16_t version_not_supported = 505;
  constexpr std::uint16_t cloudflare_timeout = 524;
  return status == not_implemented || status == gateway_timeout ||
         status == version_not_supported || status == cloudflare_timeout;
}

/// The remedy after a call that failed for *reason*. A server keeps nothing of a turn that it
/// answers with an error. One that does not respond may still be working on the turn, and charge
/// for it; only a connection reset shows that it is not.
remedy remedy_for(const chat::failure& reason, const upstream_exchange& x,
                  const openai_accounts& accounts, const openai_account& account) {
  if (x.answer_began() || reason.code == failure_code::upstream_loop)
    return remedy::none;
  const auto& response = x.response();
  const auto others = accounts.others_work(account, x.call().model);
  const auto refused = refuses_account(reason);
  const auto limited = reason.code == failure_code::rate_limit_exceeded;
  if (refused || (limited && others && !is_page(response)))
    return others ? remedy::other_account : remedy::none;
  if (loads(response, x.failure(), accounts.breaker()))
    return remedy::when_loaded;
  if (limited || was_not_sent(x.failure()))
    return remedy::later;
  const auto reset = x.failure() == transfer_failure::cut && response.status == 0;
  if (reset || (response.status == 500 && !response.retry_after))
    return remedy::again;
  const auto may_pass = response.status >= 500 && !is_no_better_later(response.status);
  return may_pass ? remedy::later : remedy::none;
}

} // namespace

openai_conversation::openai_conversation(transport& net,
                                         std::shared_ptr<const openai_accounts> accounts,
                                         upstream_listener& listener, conversation_context context)
    : accounts_(std::move(accounts)),
      listener_(listener),
      exchange_(net, std::move(context.events), *this) {}

// -- the interface -------------------------------------------------------------------------------

void openai_conversation::begin(const upstream_turn& turn) {
  account_ = accounts_->any(turn.model);
  wanted_ = turn.request->stream ? answer_kind::stream : answer_kind::whole;
  kind_ = answer_kind::unknown;
  usage_ = turn.request->include_usage;
  allowed_ = turn.request->beside.allowed_calls;
  held_ = byte_budget::for_answer(account_->budget());
  // A whole answer has usage, requested or not.
  decoder_ = openai::answer_decoder{usage_ || wanted_ == answer_kind::whole};
  auto body = openai::upstream_body(*turn.request, turn.model, turn.messages, account_->form());
  exchange_.begin_turn(account_);
  exchange_.start(
      begun(openai_call::chat_completions, turn.model),
      account_->complete_chat(std::move(body), turn.request->stream, turn.request->via));
}

void openai_conversation::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  exchange_.cancel(client_left);
  forget_turn();
}

void openai_conversation::give_up_late() {
  exchange_.give_up_late();
  forget_turn();
}

/// Frees the memory of the answer: most sessions are idle most of the time.
void openai_conversation::forget_turn() {
  exchange_.end_turn();
  decoder_ = openai::answer_decoder{false};
  allowed_.reset();
  collector_ = openai::answer_collector{};
  held_.force(0);
}

// -- the answer ----------------------------------------------------------------------------------

void openai_conversation::on_body(std::string&& bytes) {
  if (kind_ == answer_kind::stream)
    read_chunks(bytes, 0);
  else
    read_body(bytes);
}

/// Reads part of a body that is parsed when it is complete: a whole answer, or an error. It may
/// also be the beginning of a stream that is not yet recognised.
void openai_conversation::read_body(const std::string& bytes) {
  auto& response = exchange_.response();
  // The body is kept here until it is whole, so its bytes get new credit at once. If it turns out
  // to be a stream, `read_chunks` takes that credit back.
  exchange_.grant(bytes.size());
  response.body += bytes;
  if (response.ok() && kind_ == answer_kind::unknown)
    kind_ = openai::kind_of(response.content_type, response.body, wanted_);
  if (kind_ == answer_kind::stream) {
    const auto begin = std::exchange(response.body, {});
    held_.force(0);
    read_chunks(begin, begin.size());
  } else if (!held_.resize(response.body.capacity())) {
    give_up_for_room();
  } else if (response.body.size() > (response.ok() ? openai::max_answer_bytes : max_small_reply)) {
    fail(too_long());
  }
}

/// @param granted How many of these bytes have got new credit already.
void openai_conversation::read_chunks(const std::string& bytes, std::size_t granted) {
  exchange_.take_back(granted);
  deltas pieces{deltas::form::members};
  decoder_.feed(bytes, pieces);
  pass_on(std::move(pieces), bytes.size());
  const auto collected = collector_.size();
  if (collected > openai::max_answer_bytes)
    fail(too_long());
  else if (wanted_ == answer_kind::whole && !held_.resize(collected))
    give_up_for_room();
  else if (decoder_.whole() || decoder_.failure())
    end_stream();
}

/// Passes chunks on, or collects them for a client that wants a whole answer.
void openai_conversation::pass_on(deltas chunks, std::size_t bytes) {
  if (wanted_ == answer_kind::stream) {
    exchange_.pass_on(std::move(chunks), bytes, listener_);
    return;
  }
  exchange_.grant(bytes);
  collector_.take(chunks);
}

void openai_conversation::on_end() {
  const auto& response = exchange_.response();
  if (exchange_.failure() != transfer_failure::none)
    fail(failure_of(exchange_.failure(), response));
  else if (!response.ok())
    fail(account_->failure_of(response));
  else if (kind_ == answer_kind::stream ||
           (kind_ == answer_kind::unknown && wanted_ == answer_kind::stream))
    end_stream();
  else
    end_whole();
}

void openai_conversation::end_stream() {
  if (!decoder_.whole() && !decoder_.failure()) {
    deltas pieces{deltas::form::members};
    decoder_.finish(pieces);
    pass_on(std::move(pieces), 0);
  }
  account_->skipped(decoder_.skipped());
  if (decoder_.failure()) {
    fail(account_->without_key(*decoder_.failure()));
    return;
  }
  chat::answer_end end;
  end.rest = decoder_.take_rest();
  if (wanted_ == answer_kind::whole) {
    collector_.take(std::exchange(end.rest, deltas{deltas::form::members}));
    end.rest.push_back(collector_.members());
  }
  upstream_answer answer{std::move(end)};
  answer.said = decoder_.said();
  succeed(std::move(answer));
}

void openai_conversation::end_whole() {
  auto read = openai::parse_whole_answer(exchange_.response().body);
  if (!read) {
    fail(account_->without_key(std::move(read.error())));
    return;
  }
  chat::answer_end end;
  if (wanted_ == answer_kind::stream) {
    auto chunks = openai::streamed(*read, usage_);
    pass_on(std::move(chunks.chunks), 0);
    end.rest = std::move(chunks.rest);
  } else {
    end.rest.push_back(read->members);
  }
  upstream_answer answer{std::move(end)};
  answer.said = std::move(read->said);
  succeed(std::move(answer));
}

/// The transfer may go on to its own end after the turn, so that its connection can be reused.
void openai_conversation::succeed(upstream_answer answer) {
  const auto called =
      allowed_ ? openai::forbidden_call(answer.said->json, *allowed_) : std::string{};
  if (!called.empty()) {
    fail({failure_code::upstream_error,
          {},
          "the model called a tool that is not allowed: " + in_backquotes(called)});
    return;
  }
  exchange_.finish(nullptr);
  forget_turn();
  listener_.on_answer(std::move(answer));
}

void openai_conversation::fail(chat::failure reason) {
  // The account learns of the failure first, since the remedy depends on its state; the exchange
  // knows its call until it is closed.
  exchange_.response().tells_error = reason.foreign != nullptr;
  exchange_.finish(&reason);
  const auto help = remedy_for(reason, exchange_, *accounts_, *account_);
  tell_shortest_rest(reason, *accounts_, exchange_.call().model);
  exchange_.close();
  forget_turn();
  listener_.on_failure({std::move(reason), help});
}

/// The server is not at fault, so this is treated as if the client had left.
void openai_conversation::give_up_for_room() {
  cancel({});
  listener_.on_failure(
      {chat::retry_soon(failure_code::overloaded, "no memory left for the answer"), remedy::none});
}

} // namespace nekod
