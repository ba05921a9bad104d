#pragma once

#include <atomic>

namespace nekod::http {

/// Whether the current write has been handed over to the system. Shared by the writer and the
/// socket, which run concurrently: most writes are done before there is more to write, and then
/// nobody has to be woken.
class write_progress {
public:
  /// A write begins.
  /// @param tell Whether its end must be reported in any case.
  void begin(bool tell) noexcept { state_ = tell ? state::wanted : state::quiet; }

  bool under_way() const noexcept { return state_ != state::none; }

  /// Asks for a report of the write's end.
  /// @returns false if it has already ended.
  bool ask() noexcept {
    auto expected = state::quiet;
    return state_.compare_exchange_strong(expected, state::wanted) || expected == state::wanted;
  }

  /// The write has ended.
  /// @returns whether that must be reported.
  bool end() noexcept { return state_.exchange(state::none) == state::wanted; }

private:
  enum class state { none, quiet, wanted };

  std::atomic<state> state_{state::none};
};

} // namespace nekod::http
