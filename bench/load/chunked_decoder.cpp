#include "bench/load/chunked_decoder.hpp"

#include <algorithm>

namespace nekod::load {
namespace {

/// A chunk of more bytes than this is invalid.
constexpr std::uint64_t largest = std::uint64_t{1} << 40;

int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::string_view chunked_decoder::take_data(std::string_view& bytes) {
  const auto data = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(data.size());
  left_ -= data.size();
  if (left_ == 0)
    at_ = place::data_end;
  return data;
}

void chunked_decoder::take_framing(std::string_view& bytes) {
  at_ = after_framing(bytes.front());
  bytes.remove_prefix(1);
}

chunked_decoder::place chunked_decoder::after_framing(char c) {
  switch (at_) {
  case place::size:
    return after_size(c);
  case place::extension:
    if (c != '\n')
      return place::extension;
    has_digits_ = false;
    return left_ > 0 ? place::data : place::trailer_start;
  case place::data_end:
    return c == '\n' ? place::size : c == '\r' ? place::data_end : place::broken;
  case place::trailer_start:
    return c == '\n' ? place::end : c == '\r' ? place::trailer_start : place::trailer;
  case place::trailer:
    return c == '\n' ? place::trailer_start : place::trailer;
  default:
    return place::broken;
  }
}

chunked_decoder::place chunked_decoder::after_size(char c) {
  const auto digit = digit_of(c);
  if (digit >= 0) {
    has_digits_ = true;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return left_ < largest ? place::size : place::broken;
  }
  if (!has_digits_)
    return place::broken;
  at_ = place::extension;
  return c == '\n' ? after_framing(c)
                   : (c == '\r' || c == ';' || c == ' ' ? place::extension : place::broken);
}

} // namespace nekod::load
