#include "actors/session/session.hpp"

#include <spdlog/spdlog.h>

#include <utility>

/// A session and the store: how it begins from its record, and keeps it.
namespace nekod {

namespace {

using openai::error_code;

/// How long the store may take for one record.
constexpr std::chrono::seconds store_timeout{10};

/// A store tells of its own failures, and once; that it is silent, only who waits for it can tell.
void log_store_failure(const std::string& id, const caf::error& e) {
  auto silent = e == caf::sec::request_timeout;
  spdlog::log(silent ? spdlog::level::err : spdlog::level::debug, "session {}: the store {}", id,
              silent ? "did not answer" : "failed");
}

} // namespace

void session_state::load() {
  enter(phase::loading);
  self_
      ->request(options_.store, store_timeout, atom::load_v,
                session_key{options_.tenant, options_.id})
      .then([this](session_lookup& found) { loaded(std::move(found)); },
            [this](const caf::error& e) {
              log_store_failure(options_.id, e);
              enter(phase::unknown);
              fail_all({error_code::store_unavailable, {}, "it did not answer"});
              // Nobody else could ask for a session of that id meanwhile.
              offer_to_leave();
            });
}

void session_state::loaded(session_lookup found) {
  // The store gets round to it; whoever comes before that begins anew.
  if (is_past_age(found.record.info))
    found = session_lookup{};
  if (found.found) {
    auto& record = found.record;
    info_ = std::move(record.info);
    options_.scope = std::move(record.scope);
    // A record without a tip is of a conversation that cannot be recognised.
    auto tip = record.tip.empty() ? std::nullopt : std::optional{std::move(record.tip)};
    const auto stored = record.transcript.size();
    remember({std::move(record.transcript), std::move(tip), std::move(record.prompt)}, stored);
  } else {
    remember({});
  }
  known_chat_ = std::move(found.record.chat);
  last_ = std::move(found.record.answer);
  enter(phase::idle);
  answer_repeated();
  tell_registry();
  begin_next();
}

void session_state::commit(openai::answer_end end) {
  enter(phase::committing);
  auto changes = whole_ ? whole_->changes() : memory_.take_changes();
  self_->request(options_.store, store_timeout, atom::commit_v, record(), std::move(changes))
      .then(
          [this, end = std::move(end)](atom::commit) mutable {
            options_.counts->turns[turn_outcome::answered].Increment(running_turns());
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
  self_->request(options_.store, store_timeout, atom::commit_v, record(), memory_.take_changes())
      .then([](atom::commit) {},
            [this](const caf::error& e) {
              log_store_failure(options_.id, e);
              doubt_store();
            });
}

/// A write failed, or was not answered: the next one is to write all messages.
void session_state::doubt_store() {
  memory_.doubt_store();
  if (whole_)
    whole_->doubt_store();
}

} // namespace nekod
