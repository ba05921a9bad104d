#include "actors/upstream/answer_flow.hpp"

#include <utility>

namespace nekod {

void answer_flow::pass_on(deltas text, std::size_t bytes, transfer& from, upstream_listener& to) {
  if (text.empty()) {
    from.grant(bytes);
    lent_ += bytes;
    return;
  }
  begun_ = true;
  from.take_back(lent_);
  to.on_deltas(std::move(text), bytes + std::exchange(lent_, 0));
}

} // namespace nekod
