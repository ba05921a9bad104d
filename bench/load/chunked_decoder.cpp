#include "bench/load/chunked_decoder.hpp"

#include "protocol/text/hex.hpp"

#include <algorithm>

namespace nekod::load {
namespace {

/// A chunk of more bytes than this is invalid.
constexpr std::uint64_t largest = std::uint64_t{1} << 40;

} // namespace

std::string_view chunked_decoder::take_data(std::string_view& bytes) {
  const auto data = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(data.size());
  left_ -= data.size();
  if (left_ == 0)
    at_ = position::data_end;
  return data;
}

void chunked_decoder::take_framing(std::string_view& bytes) {
  at_ = after_framing(bytes.front());
  bytes.remove_prefix(1);
}

chunked_decoder::position chunked_decoder::after_framing(char c) {
  switch (at_) {
  case position::size:
    return after_size(c);
  case position::extension:
    if (c != '\n')
      return position::extension;
    has_digits_ = false;
    return left_ > 0 ? position::data : position::trailer_start;
  case position::data_end:
    return c == '\n' ? position::size : c == '\r' ? position::data_end : position::broken;
  case position::trailer_start:
    return c == '\n' ? position::end : c == '\r' ? position::trailer_start : position::trailer;
  case position::trailer:
    return c == '\n' ? position::trailer_start : position::trailer;
  default:
    return position::broken;
  }
}

chunked_decoder::position chunked_decoder::after_size(char c) {
  const auto digit = hex_value(c);
  if (digit >= 0) {
    has_digits_ = true;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return left_ < largest ? position::size : position::broken;
  }
  if (!has_digits_)
    return position::broken;
  at_ = position::extension;
  return c == '\n' ? after_framing(c)
                   : (c == '\r' || c == ';' || c == ' ' ? position::extension : position::broken);
}

} // namespace nekod::load
