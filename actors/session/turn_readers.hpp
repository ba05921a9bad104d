#pragma once

#include "actors/messages.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace nekod {

/// The replies that read a turn's answer: one, or more if its request was sent again.
class turn_readers {
public:
  turn_readers() = default;
  explicit turn_readers(reply_actor first) { add(std::move(first)); }

  void add(reply_actor reply) { all_.push_back(std::move(reply)); }

  /// Forgets a reply that ended.
  /// @returns whether there was one.
  bool remove(const caf::actor_addr& reply) {
    return std::erase_if(all_, [&](const reply_actor& r) { return r.address() == reply; }) > 0;
  }

  bool empty() const noexcept { return all_.empty(); }
  std::size_t count() const noexcept { return all_.size(); }

  /// Calls *f* with each.
  template <class F>
  void for_each(F f) const {
    std::ranges::for_each(all_, f);
  }

private:
  std::vector<reply_actor> all_;
};

} // namespace nekod
