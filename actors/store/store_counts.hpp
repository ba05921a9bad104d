#pragma once

#include <cstddef>

namespace nekod {

/// How much a store has.
struct store_counts {
  std::size_t sessions = 0;
  /// With those that cannot be seen any more, and are kept because others follow them.
  std::size_t responses = 0;
};

} // namespace nekod
