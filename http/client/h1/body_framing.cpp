#include "http/client/h1/body_framing.hpp"

#include <algorithm>

namespace nekod::http {

body_framing::piece body_framing::take(std::string_view bytes) {
  switch (kind_) {
  case kind::length: {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= size;
    return {bytes.substr(0, size), size, left_ == 0 ? state::ended : state::more};
  }
  case kind::chunked:
    return take_chunk(bytes);
  default:
    return {bytes, bytes.size(), state::more};
  }
}

/// One piece of data with the framing around it.
body_framing::piece body_framing::take_chunk(std::string_view bytes) {
  using part = chunk_framing::part;
  piece result;
  while (result.taken < bytes.size()) {
    const auto rest = bytes.substr(result.taken);
    // The line end behind data is read with it; the next line is not.
    if (!result.data.empty() && rest.front() != '\r' && rest.front() != '\n')
      break;
    const auto next = chunks_.take(rest);
    result.taken += next.taken;
    if (next.what == part::data)
      result.data = rest.substr(0, next.taken);
    if (next.what == part::end || next.what == part::malformed) {
      result.how = next.what == part::end ? state::ended : state::malformed;
      break;
    }
  }
  return result;
}

} // namespace nekod::http
