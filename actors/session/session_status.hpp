#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/session/session_options.hpp"
#include "protocol/sessions/sessions.hpp"

#include <cstdint>
#include <memory>

namespace nekod {

/// How a session stands: its phase, what others are shown of it, and whether it is in use. Pure.
class session_status {
public:
  explicit session_status(const session_options& options);
  session_status(const session_status&) = delete;
  session_status& operator=(const session_status&) = delete;
  /// The session is counted in no phase any more.
  ~session_status();

  session_phase phase() const noexcept { return phase_; }
  void enter(session_phase next);

  /// Whether no turn runs, and the record is not being read.
  bool rests() const noexcept;

  session_info& info() noexcept { return info_; }
  const session_info& info() const noexcept { return info_; }

  /// The same for others, with the state of the session's chat now.
  session_info info_with(const upstream_chat& chat) const;

  /// Goes on from a record's info.
  void begin_from(session_info info) { info_ = std::move(info); }

  /// Begins a new conversation under the session's id, now.
  void begin_anew();

  /// Whether a conversation with that info began too long ago to go on.
  bool is_past_age(const session_info& info) const;
  bool is_past_age() const { return is_past_age(info_); }

  /// Counts a turn or a change that the session was given, also one that it refuses.
  void count_turn() noexcept;
  std::uint64_t turns() const noexcept { return turns_; }

  /// A turn was over just now.
  void was_used() noexcept { was_idle_ = false; }

  /// Looks whether the session may leave memory: it rests and is past its age, or has rested since
  /// the last look.
  bool look_for_idleness();

private:
  const std::shared_ptr<metrics> counts_;
  const std::string id_;
  const std::string tenant_;
  const std::chrono::seconds max_age_;
  session_phase phase_ = session_phase::unknown;
  session_info info_;
  std::uint64_t turns_ = 0;
  /// Whether it rested at the last look, and has since.
  bool was_idle_ = true;
};

} // namespace nekod
