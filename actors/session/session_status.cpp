#include "actors/session/session_status.hpp"

#include "actors/runtime/ids.hpp"

#include <chrono>
#include <utility>

namespace nekod {

session_status::session_status(const session_options& options)
    : counts_(options.counts), id_(options.id), tenant_(options.tenant), max_age_(options.max_age) {
  counts_->sessions[phase_].Increment();
  begin_anew();
}

session_status::~session_status() { counts_->sessions[phase_].Decrement(); }

void session_status::enter(session_phase next) {
  counts_->sessions[phase_].Decrement();
  phase_ = next;
  counts_->sessions[phase_].Increment();
}

bool session_status::rests() const noexcept {
  return phase_ == session_phase::idle || phase_ == session_phase::unknown;
}

session_info session_status::info_with(const upstream_chat& chat) const {
  auto result = info_;
  result.has_upstream_chat = !chat.id.empty();
  return result;
}

void session_status::begin_anew() {
  info_ = session_info{};
  info_.id = id_;
  info_.tenant = tenant_;
  info_.conversation = make_conversation_id();
  info_.created_at = recorded_now();
  info_.last_used = info_.created_at;
}

bool session_status::is_past_age(const session_info& info) const {
  return session_lifetime{{}, max_age_}.expiry(std::chrono::system_clock::now()).made >
         info.created_at;
}

void session_status::count_turn() noexcept {
  ++turns_;
  was_used();
}

bool session_status::look_for_idleness() {
  const auto rests_now = rests();
  const auto was_idle = std::exchange(was_idle_, rests_now);
  return rests_now && (was_idle || is_past_age());
}

} // namespace nekod
