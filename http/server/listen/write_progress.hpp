#pragma once

#include <atomic>

namespace nekod::http {

/// Whether the write under way has left. Shared by who writes and the socket, which run at the same
/// time: most writes have left before there is more to write, and then nobody needs to be woken for
/// it.
class write_progress {
public:
  /// A write begins.
  /// @param tell Whether its end is to be told in any case.
  void begin(bool tell) noexcept { state_ = tell ? state::wanted : state::quiet; }

  bool under_way() const noexcept { return state_ != state::none; }

  /// Has the write's end told.
  /// @returns false where it has left already.
  bool ask() noexcept {
    auto expected = state::quiet;
    return state_.compare_exchange_strong(expected, state::wanted) || expected == state::wanted;
  }

  /// The write has left.
  /// @returns whether that is to be told.
  bool end() noexcept { return state_.exchange(state::none) == state::wanted; }

private:
  enum class state { none, quiet, wanted };

  std::atomic<state> state_{state::none};
};

} // namespace nekod::http
