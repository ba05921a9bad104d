#include "actors/session/turn_readers.hpp"

#include <algorithm>

namespace nekod {

bool turn_readers::remove(const caf::actor_addr& reply) {
  return std::erase_if(all_, [&](const reader& r) { return r.reply.address() == reply; }) > 0;
}

void turn_readers::sent(std::uint64_t bytes) {
  used_ += bytes;
  for (auto& r : all_)
    r.unread += bytes;
}

void turn_readers::read(const caf::actor_addr& reply, std::uint64_t bytes) {
  for (auto& r : all_)
    if (r.reply.address() == reply)
      r.unread -= std::min(r.unread, bytes);
}

std::uint64_t turn_readers::take_credit() {
  std::uint64_t most = 0;
  for (const auto& r : all_)
    most = std::max(most, r.unread);
  return std::exchange(used_, most) - most;
}

} // namespace nekod
