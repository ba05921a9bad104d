#include "bench/simulator/options.hpp"

#include <algorithm>

namespace nekod::sim {

bool options::takes(std::string_view key) const noexcept {
  for (std::string_view rest = token; !rest.empty();) {
    auto one = rest.substr(0, rest.find(','));
    if (one == key)
      return true;
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return token.empty();
}

} // namespace nekod::sim
