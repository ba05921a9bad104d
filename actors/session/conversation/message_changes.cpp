#include "actors/session/conversation/message_changes.hpp"

#include <algorithm>

namespace nekod {

std::size_t common_beginning(std::span<const chat::message> a,
                             std::span<const chat::message> b) noexcept {
  const auto is_same = [](const chat::message& x, const chat::message& y) {
    return x.speaker == y.speaker && x.text == y.text && x.more == y.more && x.json == y.json &&
           x.items == y.items;
  };
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(), is_same);
  return static_cast<std::size_t>(end - a.begin());
}

} // namespace nekod
