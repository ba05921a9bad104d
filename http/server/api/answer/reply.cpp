#include "http/server/api/answer/reply.hpp"

#include "actors/runtime/bound_actor.hpp"
#include "http/server/api/answer/ignored_parameters.hpp"
#include "http/server/api/common_answers.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// The bytes that an answer may hold even if the budget is used up, so that a client that reads is
/// not cut off because others do not.
constexpr std::size_t small_answer = 4u << 10;

} // namespace

reply_state::~reply_state() { log_reader_->leave(); }

void reply_state::start(exchange_ptr x, std::shared_ptr<const chat::request> request,
                        std::unique_ptr<answer_writer> writer, std::string request_id,
                        std::shared_ptr<const reply_options> options, home_loop home) {
  exchange_ = std::move(x);
  request_ = std::move(request);
  writer_ = std::move(writer);
  request_id_ = std::move(request_id);
  options_ = std::move(options);
  home_ = home;
  held_ = byte_budget::for_answer(options_->budget);
  between_texts_.emplace(options_->counts->between_chunks, metrics::between_chunks_bounds());
  self_->set_error_handler([](caf::error&) {});
  // A session that has ended will not end the answer.
  self_->set_down_handler([this](const caf::down_msg& m) {
    if (ending_)
      return;
    auto shutdown = m.reason == caf::exit_reason::user_shutdown;
    fail(shutdown ? failure_code::overloaded : failure_code::internal_error);
  });
  auto handle = caf::actor_cast<private_reply_actor>(self_);
  exchange_->on_gone(
      [handle] { caf::anon_send(handle, atom::gone_v, std::chrono::steady_clock::now()); });
  exchange_->on_idle(options_->heartbeat, [handle] { caf::anon_send(handle, atom::silent_v); });
  if (!writer_->begins_at_once())
    return;
  writer_->prelude(pending_);
  if (pending_.empty()) // Something, so that the head is sent.
    writer_->heartbeat(pending_, {});
  pump();
}

// -- from the session ----------------------------------------------------------------------------

void reply_state::begin(turn_head head, turn_actor session) {
  session_ = std::move(session);
  self_->monitor(session_);
  auto& notes = exchange_->notes();
  notes.session = head.session_id;
  notes.match = name_of(head.match);
  notes.upstream = head.upstream;
  notes.model = head.model;
  head_ = std::move(head);
  introduce();
  writer_->begin(pending_);
  const auto holds_up = writer_->streams() && !head_->kept;
  const auto how = holds_up ? answer_log::flow::paced : answer_log::flow::unpaced;
  head_->answer->attach(reader(), log_reader_, home_, how);
}

void reply_state::introduce() {
  const auto& identity = head_->answer->identity();
  exchange_->notes().answer = std::string{writer_->id_prefix()}.append(identity.id);
  writer_->introduce({identity.id, identity.created, head_->model, head_->session_id,
                      !head_->abilities.speaks_openai});
}

/// Before the first piece it is decided which upstream answers.
void reply_state::name_answerer() {
  auto [upstream, model] = head_->answer->answerer();
  if (upstream.empty())
    return;
  head_->upstream = exchange_->notes().upstream = std::move(upstream);
  head_->model = exchange_->notes().model = std::move(model);
  introduce();
}

/// The log has more. An error may end the actor only from within a message to it.
void reply_state::on_more() {
  if (failing_ || ending_)
    return;
  if (writer_->streams())
    return pump();
  const auto at = head_->answer->progress_of(reader());
  count_pieces(at.pieces);
  // Counted twice: as text, and as the JSON that is made of it.
  if (!hold(2 * at.unread))
    fail_for_room();
  else if (at.unread > options_->max_whole_answer)
    fail_soon({failure_code::upstream_error, {}, "the answer is too long to be sent whole"});
}

void reply_state::finish(chat::answer_end end) {
  // From here on the session may end without harm to the answer.
  self_->demonitor(session_.address());
  ending_ = std::move(end);
  const auto at = head_->answer->progress_of(reader());
  count_pieces(at.pieces + ending_->rest.ends.size());
  if (!has_text())
    name_answerer();
  if (!writer_->streams())
    end_whole();
  else if (at.unread == 0)
    end_stream();
  else
    pump();
}

void reply_state::end_stream() {
  writer_->end(pending_, *ending_);
  begin_stream();
  exchange_->write(std::move(pending_), nullptr);
  exchange_->finish();
  self_->quit();
}

void reply_state::end_whole() {
  held_.force(0); // From here on the exchange holds the answer.
  exchange_->respond(200, answer_fields(), writer_->whole(text_of(*head_->answer), *ending_));
  self_->quit();
}

void reply_state::fail(const chat::failure& f) {
  if (ending_)
    return; // The answer is complete and stored; only its client is slow.
  const auto reason = writer_->told(f);
  if (stream_begun_) {
    exchange_->notes().error = name_of(reason.code);
    // Text that arrived before the failure is part of the answer, and of what the session
    // remembers.
    if (head_ && !dropped_)
      head_->answer->read(reader(), [this](deltas::form form, std::string_view piece) {
        writer_->piece(pending_, form, piece);
        return true;
      });
    writer_->failure(pending_, reason, options_->language);
    exchange_->write(std::move(pending_), nullptr);
    // The connection stays open: its head said so, and a client may send its next request at once.
    exchange_->finish();
  } else {
    respond_error(*exchange_, reason, options_->language, request_id_);
  }
  self_->quit();
}

void reply_state::written() { pump(); }

void reply_state::idle() {
  waited_ += options_->heartbeat;
  if (!head_ && waited_ >= options_->longest_wait) {
    fail(failure_code::overloaded);
    return;
  }
  // A client that does not read needs no heartbeat; it could not see one.
  if (!writer_->streams() || progress_->under_way())
    return;
  writer_->heartbeat(pending_, silence_ += options_->heartbeat);
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

// -- writing -------------------------------------------------------------------------------------

void reply_state::begin_stream() {
  if (!std::exchange(stream_begun_, true))
    exchange_->begin(200, answer_fields());
}

/// Writes what is available, unless a write is under way; ends the answer once everything has been
/// written.
void reply_state::pump() {
  if (failing_)
    return;
  // If a write is under way, its end will be reported.
  const auto writes = !progress_->ask();
  answer_log::progress at;
  if (head_) {
    if (!has_text()) // The upstream must be known before the first piece is written.
      count_pieces(head_->answer->progress_of(reader()).pieces);
    at = writes ? fill_write() : head_->answer->progress_of(reader());
    count_pieces(at.pieces);
  }
  if (!hold(at.unread))
    return fail_for_room();
  if (!writes)
    return;
  if (ending_ && at.unread == 0) {
    end_stream();
    return;
  }
  if (pending_.empty())
    return;
  begin_stream();
  // The end of this write wakes the reply only if there is more to write or the upstream waits for
  // room; otherwise the next text does.
  write_size_ = pending_.size();
  progress_->begin(at.unread > 0 || at.tells_room);
  exchange_->write(std::exchange(pending_, {}),
                   [progress = progress_, handle = caf::actor_cast<private_reply_actor>(self_)] {
                     if (progress->end())
                       caf::anon_send(handle, atom::written_v);
                   });
}

/// Makes events of pieces that have not been read, until the write is full.
answer_log::progress reply_state::fill_write() {
  const auto reserve = [this](const answer_log::progress& at) {
    // Growing by itself it would be copied some ten times, and take up to twice the memory.
    const auto least = pending_.size() + at.unread + at.waiting * writer_->frame(at.form);
    pending_.reserve(std::min(least, options_->full_write * 9 / 8));
  };
  return head_->answer->leave_and_read(reader(), reserve,
                                       [this](deltas::form form, std::string_view piece) {
                                         if (pending_.size() >= options_->full_write)
                                           return false;
                                         writer_->piece(pending_, form, piece);
                                         return true;
                                       });
}

/// Counts the pieces that have arrived since the last call.
void reply_state::count_pieces(std::size_t pieces) {
  if (pieces <= seen_)
    return;
  const auto now = std::chrono::steady_clock::now();
  exchange_->notes().chunks += pieces - seen_;
  silence_ = {};
  seen_ = pieces;
  if (!has_text()) {
    options_->counts->first_token.Observe(in_seconds(now - exchange_->arrived()));
    name_answerer();
  } else {
    between_texts_->add(in_seconds(now - last_text_));
  }
  last_text_ = now;
}

/// Counts the bytes that wait in memory: text in the log, and events.
/// @returns false if the budget has no room for them.
bool reply_state::hold(std::size_t waiting) {
  if (head_ && head_->kept)
    waiting = 0; // A log that is kept is counted by itself.
  const auto bytes = waiting + pending_.size() + (progress_->under_way() ? write_size_ : 0);
  if (bytes == held_.size() || held_.resize(bytes))
    return true;
  if (bytes > small_answer &&
      !ending_) // An answer that has ended is stored: only its client is slow.
    return false;
  held_.force(bytes);
  return true;
}

/// Ends the answer early; its waiting part is dropped.
void reply_state::fail_for_room() {
  dropped_ = true;
  fail_soon(chat::retry_soon(failure_code::overloaded, "no memory left for the answer"));
}

void reply_state::fail_soon(chat::failure reason) {
  failing_ = true;
  caf::anon_send(caf::actor_cast<reply_actor>(self_), atom::failed_v, std::move(reason));
}

fields reply_state::answer_fields() const {
  auto result = common_fields(request_id_);
  result.emplace_back("Content-Type", writer_->content_type());
  if (writer_->streams()) {
    result.emplace_back("Cache-Control", "no-cache");
    result.emplace_back("X-Accel-Buffering", "no");
  }
  if (!head_)
    return result;
  result.emplace_back("X-Session-Id", head_->session_id);
  result.emplace_back("X-Session-Match", std::string{name_of(head_->match)});
  if (const auto ignored = ignored_parameters(*request_, head_->abilities); !ignored.empty())
    result.push_back(ignored_field(ignored));
  if (head_->replayed)
    result.emplace_back("Idempotent-Replayed", "true");
  if (head_->kept)
    result.emplace_back("X-Resumable", "true");
  if (knows_upstream())
    result.emplace_back("X-Upstream", head_->upstream);
  if (head_->fallback)
    result.emplace_back("X-Model-Fallback", head_->model);
  return result;
}

/// Whether it is decided which upstream answers. While a stream waits for its first text, a
/// fall-back may still take the turn.
bool reply_state::knows_upstream() const {
  const auto answer_began = has_text() || ending_;
  return !head_->upstream.empty() &&
         (answer_began || !writer_->streams() || !head_->abilities.falls_back);
}

namespace {

private_reply_actor::behavior_type
behavior_of(private_reply_actor::stateful_pointer<reply_state> self) {
  return {
      [self](atom::begin, turn_head& head, turn_actor& session) {
        self->state.begin(std::move(head), std::move(session));
      },
      [self](atom::finish, chat::answer_end& end) { self->state.finish(std::move(end)); },
      [self](atom::failed, const chat::failure& reason) { self->state.fail(reason); },
      [self](atom::written) { self->state.written(); },
      [self](atom::gone, std::chrono::steady_clock::time_point then) { self->state.leave(then); },
      [self](atom::silent) { self->state.idle(); },
  };
}

} // namespace

reply_actor spawn_reply(caf::actor_system& system, home_loop home, exchange_ptr x,
                        std::shared_ptr<const chat::request> request,
                        std::unique_ptr<answer_writer> writer, std::string request_id,
                        std::shared_ptr<const reply_options> options) {
  auto parts = std::make_shared<std::unique_ptr<answer_writer>>(std::move(writer));
  return spawn_bound<private_reply_actor, reply_state>(
      system, home,
      [parts, home, x = std::move(x), request = std::move(request),
       request_id = std::move(request_id),
       options = std::move(options)](private_reply_actor::stateful_pointer<reply_state> self) {
        self->state.start(x, request, std::move(*parts), request_id, options, home);
        return behavior_of(self);
      });
}

} // namespace nekod::http
