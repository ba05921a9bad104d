#pragma once

#include "actors/messages.hpp"

#include <cstdint>
#include <vector>

namespace nekod {

/// Who waits for a turn's answer: one reply, or more where its request was sent again. The slowest
/// of them sets the pace; an answer that nobody reads is not held up.
class turn_readers {
public:
  turn_readers() = default;
  explicit turn_readers(reply_actor first) { add(std::move(first)); }

  /// One more, who reads from here on.
  void add(reply_actor reply) { all_.push_back({std::move(reply), 0}); }

  /// Forgets one that ended; says whether there was one.
  bool remove(const caf::actor_addr& reply);

  bool empty() const noexcept { return all_.empty(); }
  std::size_t count() const noexcept { return all_.size(); }

  /// Text goes out to all that used *bytes* of the upstream's window.
  void sent(std::uint64_t bytes);

  /// Of it *bytes* left one of them.
  void read(const caf::actor_addr& reply, std::uint64_t bytes);

  /// @returns how much of the window nobody has to read any more, since the last call.
  std::uint64_t take_credit();

  /// Calls *f* with each.
  template <class F>
  void for_each(F f) const {
    for (const auto& r : all_)
      f(r.reply);
  }

private:
  struct reader {
    reply_actor reply;
    /// Bytes of the window that it was sent and has not read.
    std::uint64_t unread = 0;
  };

  std::vector<reader> all_;
  /// Bytes of the window in use.
  std::uint64_t used_ = 0;
};

} // namespace nekod
