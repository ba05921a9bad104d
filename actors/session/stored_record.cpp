#include "actors/session/stored_record.hpp"

#include "actors/session/turn_queue.hpp"
#include "actors/store/store_refusals.hpp"
#include "actors/store/store_timeout.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace nekod {

namespace {

/// A store logs its own failures, once. That it is silent, only the session can tell.
void log_store_failure(const std::string& id, const caf::error& e) {
  const auto silent = e == caf::sec::request_timeout;
  spdlog::log(silent ? spdlog::level::err : spdlog::level::debug, "session {}: the store {}", id,
              silent ? "did not answer" : "failed");
}

} // namespace

stored_record::stored_record(private_session_actor::pointer self, session_options& options,
                             recorded_parts parts)
    : self_(self), options_(options), parts_(parts) {}

// -- to take -------------------------------------------------------------------------------------

void stored_record::take(std::function<void(session_taken&)> on_taken,
                         std::function<void(const chat::failure&)> on_failure) {
  session_wanted wanted;
  wanted.token = options_.token;
  wanted.tenant = options_.tenant;
  wanted.id = options_.id;
  wanted.known_version = version_;
  const auto limit = store_timeout + options_.session_wait;
  self_->request(options_.store, limit, atom::take_v, std::move(wanted))
      .then(
          [on_taken = std::move(on_taken)](session_taken& taken) { on_taken(taken); },
          [this, on_failure = std::move(on_failure)](const caf::error& e) {
            if (is_busy_elsewhere(e))
              return on_failure(busy_session());
            log_store_failure(options_.id, e);
            on_failure({chat::failure_code::store_unavailable, {}, "it failed or did not answer"});
          });
}

void stored_record::use(session_taken taken) {
  if (taken.record || taken.version != version_)
    begin_from(std::move(taken.record).value_or(session_record{}));
  version_ = taken.version;
  parts_.link.taken_in(taken.period);
  in_doubt_ = false;
}

void stored_record::begin_from(session_record record) {
  // The store deletes a record that is past its age in its own time.
  if (record.info.id.empty() || parts_.status.is_past_age(record.info)) {
    parts_.status.begin_anew();
    parts_.conversation.begin_from({});
    parts_.link.close({});
    parts_.last.begin_from({});
    metadata_ = session_record{}.metadata;
    return;
  }
  parts_.status.begin_from(std::move(record.info));
  options_.scope = std::move(record.scope);
  metadata_ = std::move(record.metadata);
  const auto stored = record.transcript.size();
  auto tip = conversation_tip::stored(record.tip.digest());
  parts_.conversation.begin_from(
      {std::move(record.transcript), std::move(tip), std::move(record.prompt), stored});
  parts_.link.close(std::move(record.chat));
  parts_.last.begin_from(std::move(record.answer));
}

// -- to commit -----------------------------------------------------------------------------------

void stored_record::commit(std::optional<response_record> response,
                           std::function<void()> on_committed, std::function<void()> on_failure) {
  auto changes = parts_.conversation.current().take_changes();
  session_commit c;
  c.token = options_.token;
  c.version = version_++;
  parts_.status.info().last_used = recorded_now();
  c.record = record(changes);
  parts_.last.commit_began();
  c.messages = std::move(changes.messages);
  c.response = std::move(response);
  self_->request(options_.store, store_timeout, atom::commit_v, std::move(c))
      .then(
          [this, version = version_, on_committed = std::move(on_committed)](atom::commit) {
            // A newer one may be under way. A commit that succeeds ends the doubt of earlier ones.
            if (version >= version_) {
              version_ = version;
              in_doubt_ = false;
            }
            if (on_committed)
              on_committed();
          },
          [this, on_failure = std::move(on_failure)](const caf::error& e) {
            log_store_failure(options_.id, e);
            not_committed();
            if (on_failure)
              on_failure();
          });
}

session_record stored_record::record(const conversation_changes& conversation) const {
  session_record result;
  result.info = parts_.status.info_with(parts_.link.chat());
  result.scope = options_.scope;
  result.metadata = metadata_;
  if (conversation.chat_goes_on)
    result.chat = parts_.link.chat();
  result.tip = conversation.tip;
  result.prompt = conversation.prompt;
  result.answer = parts_.last.for_record();
  return result;
}

/// If the record turns out to be the older one, the next commit writes all messages.
void stored_record::not_committed() {
  --version_;
  in_doubt_ = true;
  if (parts_.status.phase() == session_phase::idle)
    parts_.status.enter(session_phase::unknown);
  parts_.conversation.current().doubt_store();
  parts_.last.commit_failed();
}

} // namespace nekod
