#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace nekod {

/// Where the body of a request names its model.
struct model_place {
  /// The bytes from *begin* to *end* of the body are the name as the body writes it: in JSON with
  /// its quotes.
  std::size_t begin = 0;
  std::size_t end = 0;
  /// The name, decoded.
  std::string name;
};

/// How far the search for it has come.
enum class model_search : std::uint8_t {
  /// More of the body is needed.
  looking,
  found,
  /// The body names none, or has a form that cannot be searched.
  absent,
};

} // namespace nekod
