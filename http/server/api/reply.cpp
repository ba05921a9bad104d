#include "http/server/api/reply.hpp"

#include "actors/runtime/ids.hpp"
#include "http/server/api/common_answers.hpp"
#include "protocol/text/sse.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

using openai::error_code;

constexpr const char* json_type = "application/json";
constexpr const char* stream_type = "text/event-stream";

/// Bytes that an answer may hold even where the budget is used up, so that a client which reads is
/// not cut off because others do not.
constexpr std::size_t small_answer = 4u << 10;

/// What a client is told to wait where there was no room for its answer.
constexpr std::chrono::seconds room_retry{2};

std::string join(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words) {
    if (!result.empty())
      result += ", ";
    result += word;
  }
  return result;
}

} // namespace

void reply_state::start(exchange_ptr x, std::shared_ptr<const openai::chat_request> request,
                        std::string request_id, std::shared_ptr<const reply_options> options) {
  exchange_ = std::move(x);
  request_ = std::move(request);
  request_id_ = std::move(request_id);
  options_ = std::move(options);
  held_ = byte_budget::for_answer(options_->budget);
  self_->set_error_handler([](caf::error&) {});
  // A session that is no more will not end the answer.
  self_->set_down_handler([this](const caf::down_msg& m) {
    if (ending_)
      return;
    auto shutdown = m.reason == caf::exit_reason::user_shutdown;
    fail(shutdown ? error_code::overloaded : error_code::internal_error);
  });
  auto handle = caf::actor_cast<reply_actor>(self_);
  exchange_->on_gone(
      [handle] { caf::anon_send(handle, atom::gone_v, std::chrono::steady_clock::now()); });
  exchange_->on_idle(options_->heartbeat, [handle] { caf::anon_send(handle, atom::idle_v); });
}

void reply_state::begin(turn_head head, credit_actor session) {
  session_ = std::move(session);
  self_->monitor(session_);
  completion_.id = make_id("chatcmpl-");
  completion_.created = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
  completion_.model = head.what.model.id;
  completion_.session_id = head.session_id;
  auto& notes = exchange_->notes();
  notes.session = head.session_id;
  notes.match = name_of(head.what.match);
  if (head.what.answered_by.empty() && head.what.model.upstream)
    head.what.answered_by = head.what.model.upstream->name();
  notes.upstream = head.what.answered_by;
  notes.model = head.what.model.id;
  head_ = std::move(head);
  if (request_->stream) {
    writer_.emplace(completion_, request_->include_usage);
    if (!head_->what.abilities.speaks_openai)
      for (std::uint32_t i = 0; i < request_->choices; ++i)
        writer_->role(pending_, i);
  }
}

void reply_state::answered_elsewhere(const std::string& upstream, const std::string& model) {
  if (!head_)
    return;
  head_->what.answered_by = exchange_->notes().upstream = upstream;
  head_->what.model.id = exchange_->notes().model = completion_.model = model;
  if (writer_)
    writer_.emplace(completion_, request_->include_usage);
}

void reply_state::take(deltas& text, std::uint64_t bytes) {
  count_chunks(text);
  if (!request_->stream) {
    waiting_.text += text.text;
    grant(bytes);
    if (!hold_what_waits())
      fail_for_room();
    else if (waiting_.text.size() > options_->max_whole_answer)
      fail({error_code::upstream_error, {}, "the answer is too long for one piece"});
    return;
  }
  if (waiting_.empty())
    waiting_ = std::move(text);
  else
    text.for_each([this](std::string_view piece) { waiting_.push_back(piece); });
  waiting_bytes_ += bytes;
  pump();
}

void reply_state::finish(openai::answer_end end) {
  // From here on the session may end without harm to the answer.
  self_->demonitor(session_.address());
  if (!end.rest.empty())
    count_chunks(end.rest);
  ending_ = std::move(end);
  if (!request_->stream)
    end_whole();
  else if (waiting_.empty())
    end_stream();
}

void reply_state::end_stream() {
  const auto& rest = ending_->rest;
  if (rest.empty())
    writer_->finish(pending_, ending_->reason);
  rest.for_each([this](std::string_view piece) { writer_->members(pending_, piece); });
  if (rest.empty() && request_->include_usage)
    writer_->usage_chunk(pending_, openai::usage{});
  openai::chunk_writer::done(pending_);
  begin_stream();
  exchange_->write(std::move(pending_), nullptr);
  exchange_->finish();
  self_->quit();
}

void reply_state::end_whole() {
  held_.force(0); // From here on the exchange holds the answer.
  const auto& rest = ending_->rest;
  exchange_->respond(200, answer_fields(json_type),
                     rest.empty() ? openai::completion(completion_, waiting_.text, ending_->reason,
                                                       openai::usage{})
                                  : openai::completion(completion_, rest.text));
  self_->quit();
}

void reply_state::fail(const openai::error& reason) {
  if (ending_)
    return; // All of it is known, and stored; only its client is slow.
  if (stream_begun_) {
    exchange_->notes().error = openai::name_of(reason.code);
    // What came before is part of the answer, and of what the session remembers.
    while (next_piece_ < waiting_.ends.size())
      append_piece(waiting_.piece(next_piece_++));
    openai::chunk_writer::failure(pending_, reason, options_->language);
    exchange_->write(std::move(pending_), nullptr);
    // The connection stays: its head said so, and a client may send its next request at once.
    exchange_->finish();
  } else {
    respond_error(*exchange_, reason, options_->language, request_id_);
  }
  self_->quit();
}

void reply_state::written() { pump(); }

/// Whether nothing is being written. Where something is, its end will be told.
bool reply_state::may_write() {
  if (progress_->ask())
    return false;
  // After the turn its session has other uses for credit.
  if (auto bytes = std::exchange(writing_bytes_, 0); !ending_)
    grant(bytes);
  return true;
}

void reply_state::idle() {
  waited_ += options_->heartbeat;
  if (!head_ && waited_ >= options_->longest_wait) {
    fail(error_code::overloaded);
    return;
  }
  // A client that does not read needs no sign of life; it could not see one.
  if (!request_->stream || progress_->under_way())
    return;
  pending_ += sse::keep_alive;
  pump();
}

void reply_state::leave(std::chrono::steady_clock::time_point then) {
  if (session_ && !ending_) {
    client_left left;
    left.when = then;
    left.returns = request_->retries.returns_after(then - exchange_->arrived(), stream_begun_);
    self_->send(session_, atom::leave_v, left);
  }
  self_->quit();
}

void reply_state::begin_stream() {
  if (!std::exchange(stream_begun_, true))
    exchange_->begin(200, answer_fields(stream_type));
}

/// Writes what there is, unless a write is under way; ends the answer where all has been written.
void reply_state::pump() {
  if (!hold_what_waits())
    return fail_for_room();
  if (!may_write())
    return;
  fill_write();
  if (ending_ && waiting_.empty()) {
    end_stream();
    return;
  }
  if (pending_.empty())
    return;
  begin_stream();
  // The session waits for its credit; else there is time until more text comes.
  write_size_ = pending_.size();
  progress_->begin(!waiting_.empty() || free_bytes_ + writing_bytes_ >= options_->credit_step);
  exchange_->write(std::exchange(pending_, {}),
                   [progress = progress_, handle = caf::actor_cast<reply_actor>(self_)] {
                     if (progress->end())
                       caf::anon_send(handle, atom::written_v);
                   });
}

/// Makes events of the text that waits, until the write is full.
void reply_state::fill_write() {
  auto pieces = waiting_.ends.size() - next_piece_;
  auto first = next_piece_;
  // As it grows by itself it would be copied some ten times, and take up to twice what it needs.
  const auto frame =
      waiting_.what == deltas::form::text ? writer_->content_frame() : writer_->members_frame();
  const auto wanted = waiting_.text.size() - waiting_.begin_of(first) + pieces * frame;
  pending_.reserve(std::min(pending_.size() + wanted, options_->full_write * 9 / 8));
  while (next_piece_ < waiting_.ends.size() && pending_.size() < options_->full_write)
    append_piece(waiting_.piece(next_piece_++));
  if (first == next_piece_)
    return;
  auto bytes = waiting_bytes_ * (next_piece_ - first) / pieces;
  if (2 * next_piece_ >= waiting_.ends.size()) {
    deltas rest{waiting_.what};
    for (auto i = next_piece_; i < waiting_.ends.size(); ++i)
      rest.push_back(waiting_.piece(i));
    waiting_ = std::move(rest);
    next_piece_ = 0;
  }
  waiting_bytes_ -= bytes;
  writing_bytes_ += bytes;
}

void reply_state::append_piece(std::string_view piece) {
  if (waiting_.what == deltas::form::text)
    writer_->content(pending_, piece);
  else
    writer_->members(pending_, piece);
}

void reply_state::grant(std::uint64_t bytes) {
  free_bytes_ += bytes;
  if (free_bytes_ >= options_->credit_step && session_)
    self_->send(session_, atom::credit_v, std::exchange(free_bytes_, 0));
}

void reply_state::count_chunks(const deltas& text) {
  auto now = std::chrono::steady_clock::now();
  exchange_->notes().chunks += text.ends.size();
  if (last_text_ == std::chrono::steady_clock::time_point{})
    options_->counts->first_token.Observe(in_seconds(now - exchange_->arrived()));
  else
    options_->counts->between_chunks.Observe(in_seconds(now - last_text_));
  last_text_ = now;
}

/// Counts what waits: a whole answer twice, as its text and as the JSON that is made of it.
/// @returns false where the budget has no room for it.
bool reply_state::hold_what_waits() {
  auto text = request_->stream ? waiting_.text.size() : 2 * waiting_.text.capacity();
  auto bytes = text + pending_.size() + (progress_->under_way() ? write_size_ : 0);
  if (bytes == held_.size() || held_.resize(bytes))
    return true;
  if (bytes > small_answer && !ending_) // One that has ended is stored: only its client is slow.
    return false;
  held_.force(bytes);
  return true;
}

/// Ends the answer early; what waits of it is dropped.
void reply_state::fail_for_room() {
  waiting_ = {};
  next_piece_ = 0;
  openai::error full{error_code::overloaded, {}, "no memory is left for the answer"};
  full.retry_after = room_retry;
  fail(full);
}

fields reply_state::answer_fields(const char* content_type) const {
  auto result = common_fields(request_id_);
  result.emplace_back("Content-Type", content_type);
  if (request_->stream) {
    result.emplace_back("Cache-Control", "no-cache");
    result.emplace_back("X-Accel-Buffering", "no");
  }
  if (!head_)
    return result;
  const auto& turn = head_->what;
  result.emplace_back("X-Session-Id", head_->session_id);
  result.emplace_back("X-Session-Match", std::string{name_of(turn.match)});
  if (!turn.abilities.tuning && !request_->tuning.empty())
    result.emplace_back("X-Ignored-Parameters", join(request_->tuning));
  if (head_->replayed)
    result.emplace_back("Idempotent-Replayed", "true");
  if (knows_upstream())
    result.emplace_back("X-Upstream", turn.answered_by);
  if (turn.model.fallback)
    result.emplace_back("X-Model-Fallback", turn.model.id);
  return result;
}

/// Whether it is settled which upstream answers. While a stream waits for its first text, a
/// fall-back may still take the turn.
bool reply_state::knows_upstream() const {
  const auto answer_began = last_text_ != std::chrono::steady_clock::time_point{} || ending_;
  const auto& turn = head_->what;
  return !turn.answered_by.empty() &&
         (answer_began || !request_->stream || !turn.abilities.falls_back);
}

reply_actor::behavior_type reply(reply_actor::stateful_pointer<reply_state> self, exchange_ptr x,
                                 std::shared_ptr<const openai::chat_request> request,
                                 std::string request_id,
                                 std::shared_ptr<const reply_options> options) {
  self->state.start(std::move(x), std::move(request), std::move(request_id), std::move(options));
  return {
      [self](atom::begin, turn_head& head, credit_actor& session) {
        self->state.begin(std::move(head), std::move(session));
      },
      [self](atom::changed, const std::string& upstream, const std::string& model) {
        self->state.answered_elsewhere(upstream, model);
      },
      [self](atom::delta, deltas& text, std::uint64_t bytes) { self->state.take(text, bytes); },
      [self](atom::finish, openai::answer_end& end) { self->state.finish(std::move(end)); },
      [self](atom::failed, const openai::error& reason) { self->state.fail(reason); },
      [self](atom::written) { self->state.written(); },
      [self](atom::gone, std::chrono::steady_clock::time_point then) { self->state.leave(then); },
      [self](atom::idle) { self->state.idle(); },
  };
}

} // namespace nekod::http
