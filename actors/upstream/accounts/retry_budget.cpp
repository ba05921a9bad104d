#include "actors/upstream/accounts/retry_budget.hpp"

#include <algorithm>

namespace nekod {

void retry_budget::turn_begun() {
  std::lock_guard guard{mutex_};
  left_ = std::min(left_ + share_, most);
}

bool retry_budget::take() {
  std::lock_guard guard{mutex_};
  if (left_ < 1)
    return false;
  left_ -= 1;
  return true;
}

} // namespace nekod
