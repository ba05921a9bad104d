#pragma once

#include <cstddef>
#include <cstdint>

namespace nekod::http {

/// The result of moving bytes through a connection.
struct moved {
  enum class how : std::uint8_t {
    some,
    /// Nothing can be moved now.
    nothing,
    /// The peer said that nothing follows.
    over,
    broken,
  };

  how what = how::nothing;
  std::size_t size = 0;
};

} // namespace nekod::http
