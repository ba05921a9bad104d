#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace nekod {

/// The position of the model's name in the body of a request.
struct model_position {
  /// The name as written lies from *begin* to *end* in the body; in JSON this includes its quotes.
  std::size_t begin = 0;
  std::size_t end = 0;
  /// The name, decoded.
  std::string name;
};

/// The state of the search.
enum class model_search : std::uint8_t {
  /// More of the body is needed.
  looking,
  found,
  /// The body has no name, or a form that cannot be searched.
  absent,
};

} // namespace nekod
