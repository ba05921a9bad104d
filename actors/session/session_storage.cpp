#include "actors/session/session.hpp"
#include "actors/store/store_timeout.hpp"

#include <spdlog/spdlog.h>

#include <utility>

/// A session and the store: how it takes its record, and commits turns to it.
namespace nekod {

namespace {

using openai::error_code;

/// A store logs its own failures, once; that it is silent, only the session can tell.
void log_store_failure(const std::string& id, const caf::error& e) {
  auto silent = e == caf::sec::request_timeout;
  spdlog::log(silent ? spdlog::level::err : spdlog::level::debug, "session {}: the store {}", id,
              silent ? "did not answer" : "failed");
}

} // namespace

// -- to take -------------------------------------------------------------------------------------

void session_state::load() {
  enter(phase::loading);
  session_wanted wanted;
  wanted.token = options_.token;
  wanted.tenant = options_.tenant;
  wanted.id = options_.id;
  wanted.known_version = version_;
  self_->request(options_.store, store_timeout, atom::take_v, std::move(wanted))
      .then([this](session_taken& taken) { take_record(std::move(taken)); },
            [this](const caf::error& e) {
              log_store_failure(options_.id, e);
              enter(phase::unknown);
              fail_all({error_code::store_unavailable, {}, "it did not answer"});
              // Nobody else could ask for a session of that id meanwhile.
              offer_to_leave();
            });
}

void session_state::take_record(session_taken taken) {
  // Without a record, and of the same version, there is nothing to take over.
  if (taken.record || taken.version != version_)
    use_record(std::move(taken.record).value_or(session_record{}));
  version_ = taken.version;
  stored_ = stored_record::known;
  enter(phase::idle);
  answer_repeated();
  tell_registry();
  begin_next();
}

/// Goes on from a record, whatever was known before; from none, as a session that begins.
void session_state::use_record(session_record record) {
  whole_.reset();
  line_.reset(); // Before its upstream, which this may have held last.
  upstream_.reset();
  stored_answer_ = stored_answer::current;
  // The store deletes a record that is past its age in its own time.
  if (record.info.id.empty() || is_past_age(record.info)) {
    begin_info();
    remember({});
    known_chat_ = {};
    last_.reset();
    return;
  }
  info_ = std::move(record.info);
  options_.scope = std::move(record.scope);
  // A record without a tip is of a conversation that cannot be recognised.
  auto tip = record.tip.empty() ? std::nullopt : std::optional{std::move(record.tip)};
  const auto stored = record.transcript.size();
  remember({std::move(record.transcript), std::move(tip), std::move(record.prompt)}, stored);
  known_chat_ = std::move(record.chat);
  last_ = std::move(record.answer);
}

// -- to commit -----------------------------------------------------------------------------------

session_commit session_state::make_commit(std::string tip, message_changes changes) {
  session_commit c;
  c.token = options_.token;
  c.version = version_++;
  c.record = record(std::move(tip));
  c.messages = std::move(changes);
  stored_answer_ = stored_answer::current;
  return c;
}

void session_state::commit(openai::answer_end end) {
  enter(phase::committing);
  auto changes = whole_ ? whole_->changes() : memory_.take_changes();
  auto c = make_commit(whole_ ? next_tip_ : tip().value_or(""), std::move(changes));
  const auto next_version = version_;
  self_->request(options_.store, store_timeout, atom::commit_v, std::move(c))
      .then(
          [this, next_version, end = std::move(end)](atom::commit) mutable {
            options_.counts->turns[turn_outcome::answered].Increment(running_turns());
            stored_ = stored_record::known;
            version_ = next_version;
            if (whole_) {
              tip_ = std::move(next_tip_);
              whole_->keep();
            }
            // First the registry: the client's next turn may come as soon as it has the end.
            enter_settling();
            running_->readers.for_each(
                [&](const reply_actor& reply) { self_->send(reply, atom::finish_v, end); });
            line_->settle();
          },
          [this](const caf::error& e) {
            log_store_failure(options_.id, e);
            not_committed();
            enter_settling();
            line_->settle();
          });
}

void session_state::not_committed() {
  --info_.turns;
  last_.reset();
  doubt_store();
  if (whole_)
    whole_->drop();
  else
    memory_.forget_tip();
  refuse(running_->readers, turn_outcome::failed,
         {error_code::store_unavailable, {}, "the turn is not kept"}, running_turns());
}

void session_state::save() {
  auto changes = whole_ ? whole_->take_kept_changes() : memory_.take_changes();
  auto c = make_commit(tip().value_or(""), std::move(changes));
  self_->request(options_.store, store_timeout, atom::commit_v, std::move(c))
      .then([](atom::commit) {},
            [this](const caf::error& e) {
              log_store_failure(options_.id, e);
              doubt_store();
              if (phase_ == phase::idle)
                enter(phase::unknown);
            });
}

/// A commit failed or was not answered: the store may have either version. The record is taken
/// again before the next turn; if it is the old one, the next commit writes all messages.
void session_state::doubt_store() {
  --version_;
  stored_ = stored_record::in_doubt;
  memory_.doubt_store();
  if (whole_)
    whole_->doubt_store();
}

} // namespace nekod
