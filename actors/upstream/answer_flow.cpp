#include "actors/upstream/answer_flow.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

void answer_flow::pass_on(deltas text, std::size_t bytes, transfer& from, upstream_listener& to) {
  if (text.empty())
    return lend(bytes, from);
  bytes += take_back(from);
  to.on_deltas(std::move(text), bytes);
}

void answer_flow::pass_on(const std::vector<deltas>& texts, std::size_t bytes, transfer& from,
                          upstream_listener& to) {
  if (std::ranges::all_of(texts, &deltas::empty))
    return lend(bytes, from);
  bytes += take_back(from);
  to.on_branches(texts, bytes);
}

void answer_flow::lend(std::size_t bytes, transfer& from) {
  from.grant(bytes);
  lent_ += bytes;
}

std::size_t answer_flow::take_back(transfer& from) {
  begun_ = true;
  from.take_back(lent_);
  return std::exchange(lent_, 0);
}

} // namespace nekod
