#include "actors/upstream/openai/openai_conversation.hpp"

#include "protocol/openai/upstream/upstream_call.hpp"

#include <utility>

namespace nekod {

using openai::answer_kind;
using openai::error;
using openai::error_code;

namespace {

/// What a client is told to wait where there was no room for its answer.
constexpr std::chrono::seconds room_retry{2};

error too_long() { return {error_code::upstream_error, {}, "the upstream's answer is too long"}; }

} // namespace

openai_conversation::openai_conversation(transport& net,
                                         std::shared_ptr<const openai_accounts> accounts,
                                         upstream_listener& listener, conversation_context context)
    : net_(net),
      accounts_(std::move(accounts)),
      listener_(listener),
      context_(std::move(context)) {}

openai_conversation::~openai_conversation() {
  if (running_)
    account_->cancelled(call_);
}

// -- the interface -------------------------------------------------------------------------------

void openai_conversation::begin(const upstream_turn& turn) {
  account_ = accounts_->any(turn.model);
  counted_ = counted_turn{account_};
  wanted_ = turn.request->stream ? answer_kind::stream : answer_kind::whole;
  kind_ = answer_kind::unknown;
  usage_ = turn.request->include_usage;
  running_ = true;
  flow_ = answer_flow{};
  failure_ = transfer_failure::none;
  response_ = upstream_response{};
  held_ = byte_budget::for_answer(account_->budget());
  // An answer in one piece has usage, asked for or not.
  decoder_ = openai::answer_decoder{usage_ || wanted_ == answer_kind::whole};
  call_ = begun(openai_call::chat_completions, turn.model);
  auto body = openai::upstream_body(*turn.request, turn.model, turn.messages);
  auto call = account_->complete_chat(std::move(body), turn.request->stream, turn.request->passed);
  transfer_ = net_.start(++number_, std::move(call), context_.events);
}

void openai_conversation::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  if (running_)
    account_->cancelled(call_);
  if (running_ && client_left)
    transfer_->abandon(*client_left);
  drop_turn();
}

void openai_conversation::give_up_late() {
  const error late{error_code::upstream_timeout};
  if (running_)
    account_->ended(call_, &late, transfer_failure::first_byte_timeout, response_);
  drop_turn();
}

void openai_conversation::drop_turn() {
  running_ = false;
  transfer_.reset();
  counted_.end();
  forget_answer();
}

/// A session rests for longer than it answers.
void openai_conversation::forget_answer() {
  decoder_ = openai::answer_decoder{false};
  collector_ = openai::answer_collector{};
  std::string{}.swap(response_.body);
  held_.force(0);
}

/// The server is not at fault, so it is as if the client had left.
void openai_conversation::give_up_for_room() {
  account_->cancelled(call_);
  drop_turn();
  error full{error_code::overloaded, {}, "no memory is left for the answer"};
  full.retry_after = room_retry;
  listener_.on_failure({std::move(full), remedy::none});
}

void openai_conversation::grant(std::size_t bytes) {
  if (transfer_)
    transfer_->grant(bytes);
}

void openai_conversation::on_transfer(transfer_event&& event) {
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

// -- the answer ----------------------------------------------------------------------------------

void openai_conversation::take_data(const std::string& bytes) {
  if (running_ && kind_ == answer_kind::stream)
    take_chunks(bytes, 0);
  else
    take_body(bytes);
}

/// Takes bytes of what is to be read as a whole: an answer in one piece, an error, or the beginning
/// of what turns out to be a stream.
void openai_conversation::take_body(const std::string& bytes) {
  transfer_->grant(bytes.size());
  if (!running_)
    return;
  response_.body += bytes;
  if (response_.ok() && kind_ == answer_kind::unknown)
    kind_ = openai::kind_of(response_.content_type, response_.body, wanted_);
  if (kind_ == answer_kind::stream) {
    const auto begin = std::exchange(response_.body, {});
    held_.force(0);
    take_chunks(begin, begin.size());
  } else if (!held_.resize(response_.body.capacity())) {
    give_up_for_room();
  } else if (response_.body.size() >
             (response_.ok() ? openai::max_answer_bytes : max_small_reply)) {
    fail(too_long());
  }
}

/// @param granted How many of the bytes were made room for already.
void openai_conversation::take_chunks(const std::string& bytes, std::size_t granted) {
  transfer_->take_back(granted);
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

/// Passes chunks on, or collects them for a client that wants one answer.
void openai_conversation::pass_on(deltas chunks, std::size_t bytes) {
  if (wanted_ == answer_kind::stream) {
    if (!flow_.begun() && !chunks.empty())
      account_->answer_began();
    flow_.pass_on(std::move(chunks), bytes, *transfer_, listener_);
    return;
  }
  transfer_->grant(bytes);
  collector_.take(chunks);
}

void openai_conversation::take_end(transfer_failure f) {
  if (!running_) {
    transfer_.reset();
    return;
  }
  failure_ = f;
  if (f != transfer_failure::none)
    fail(failure_of(f, response_));
  else if (!response_.ok())
    fail(account_->failure_of(response_));
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
  openai::answer_end end;
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
  auto read = openai::parse_whole_answer(response_.body);
  if (!read) {
    fail(account_->without_key(std::move(read.error())));
    return;
  }
  openai::answer_end end;
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

void openai_conversation::succeed(upstream_answer answer) {
  account_->ended(call_, nullptr, failure_, response_);
  running_ = false;
  counted_.end();
  forget_answer();
  listener_.on_answer(std::move(answer));
}

void openai_conversation::fail(error reason) {
  response_.tells_error = reason.foreign != nullptr;
  account_->ended(call_, &reason, failure_, response_);
  auto help = remedy_for(reason);
  tell_shortest_rest(reason, *accounts_, call_.model);
  drop_turn();
  listener_.on_failure({std::move(reason), help});
}

/// A server that says that it failed has nothing of the turn to remember. One that says nothing may
/// still be at work on it, to be paid for; only a reset shows that it is not.
remedy openai_conversation::remedy_for(const error& reason) const {
  if (flow_.begun() || reason.code == error_code::upstream_loop)
    return remedy::none;
  const auto others = accounts_->others_work(*account_, call_.model);
  const auto refused = refuses_account(reason);
  const auto limited = reason.code == error_code::rate_limit_exceeded;
  if (refused || (limited && others && !is_page(response_)))
    return others ? remedy::other_account : remedy::none;
  if (loads(response_, failure_, accounts_->breaker()))
    return remedy::when_loaded;
  if (limited || was_not_sent(failure_))
    return remedy::later;
  const auto reset = failure_ == transfer_failure::cut && response_.status == 0;
  if (reset || (response_.status == 500 && !response_.retry_after))
    return remedy::again;
  return response_.status >= 500 ? remedy::later : remedy::none;
}

} // namespace nekod
