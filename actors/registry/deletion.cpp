#include "actors/registry/deletion.hpp"

#include <utility>

namespace nekod {

deletion_step deletion::next(live_sessions& live) {
  if (failed_)
    phase_ = phase::over;
  if (phase_ == phase::over)
    return deletion_over{deleted_, failed_};
  return std::visit([&](const auto& target) { return next_of(target, live); }, target_);
}

deletion_step deletion::next_of(const session_key& session, live_sessions& live) {
  phase_ = phase::over;
  if (live.has(session))
    return end({session}, live);
  return removes_record{session};
}

deletion_step deletion::next_of(const session_filter& sessions, live_sessions& live) {
  if (phase_ == phase::in_memory) {
    phase_ = phase::records;
    if (auto meant = live.meant_by(sessions); !meant.empty())
      return end(std::move(meant), live);
  }
  if (phase_ == phase::records) {
    phase_ = phase::late;
    auto records = sessions;
    live.spare(records);
    return clears_records{std::move(records)};
  }
  phase_ = phase::over;
  counts_ = counted::with_records;
  if (auto meant = live.meant_by(sessions); !meant.empty())
    return end(std::move(meant), live);
  return next(live);
}

deletion_step deletion::end(std::vector<session_key> sessions, live_sessions& live) {
  for (const auto& session : sessions)
    live.start_deletion(session);
  ending_ = sessions.size();
  return ends_sessions{std::move(sessions)};
}

bool deletion::removes(const session_key& session, const live_sessions& live) {
  const auto* ended = live.find(session);
  return ended != nullptr && ended->leaving;
}

bool deletion::gone(const session_key& session, removed_record record, live_sessions& live) {
  const auto is_leaving = removes(session, live);
  const auto was_there =
      record == removed_record::one || (is_leaving && live.find(session)->has_reported);
  if (was_there && counts_ == counted::here)
    ++deleted_;
  if (is_leaving)
    live.forget(session);
  return --ending_ == 0;
}

} // namespace nekod
