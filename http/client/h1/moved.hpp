#pragma once

#include <cstddef>
#include <cstdint>

namespace nekod::http {

/// The result of one attempt to send or receive bytes.
struct moved {
  enum class how : std::uint8_t {
    some,
    /// The connection is not ready.
    nothing,
    /// The peer has closed its side: no more bytes come.
    over,
    /// The connection failed.
    broken,
  };

  how what = how::nothing;
  std::size_t size = 0;
};

} // namespace nekod::http
