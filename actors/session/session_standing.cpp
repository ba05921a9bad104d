#include "actors/session/session_standing.hpp"

#include "actors/runtime/ids.hpp"

#include <chrono>
#include <utility>

namespace nekod {

session_standing::session_standing(const session_options& options)
    : counts_(options.counts), id_(options.id), tenant_(options.tenant), max_age_(options.max_age) {
  counts_->sessions[phase_].Increment();
  begin_anew();
}

session_standing::~session_standing() { counts_->sessions[phase_].Decrement(); }

void session_standing::enter(session_phase next) {
  counts_->sessions[phase_].Decrement();
  phase_ = next;
  counts_->sessions[phase_].Increment();
}

bool session_standing::rests() const noexcept {
  return phase_ == session_phase::idle || phase_ == session_phase::unknown;
}

void session_standing::begin_anew() {
  info_ = session_info{};
  info_.id = id_;
  info_.tenant = tenant_;
  info_.conversation = make_conversation_id();
  info_.created_at = recorded_now();
  info_.last_used = info_.created_at;
}

bool session_standing::is_past_age(const session_info& info) const {
  return session_lifetime{{}, max_age_}.expiry(std::chrono::system_clock::now()).made >
         info.created_at;
}

void session_standing::count_turn() noexcept {
  ++turns_;
  was_used();
}

bool session_standing::look_for_idleness() {
  const auto rests_now = rests();
  const auto was_idle = std::exchange(was_idle_, rests_now);
  return rests_now && (was_idle || is_past_age());
}

} // namespace nekod
