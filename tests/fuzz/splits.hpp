#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Ways to split a stream, as networks do.
namespace nekod::fuzz {

/// Calls *feed* with all of *stream* in pieces of *size* bytes, each in memory of its own, so that
/// sanitizers notice a view that is kept too long.
template <class Feed>
void feed_in_pieces(std::string_view stream, std::size_t size, Feed feed) {
  while (!stream.empty()) {
    const auto length = std::min(size, stream.size());
    const std::vector<char> piece(stream.begin(),
                                  stream.begin() + static_cast<std::ptrdiff_t>(length));
    feed(std::string_view{piece.data(), piece.size()});
    stream.remove_prefix(length);
  }
}

/// The same with pieces of different sizes, which depend only on the stream: an input that breaks a
/// promise always does.
template <class Feed>
void feed_in_uneven_pieces(std::string_view stream, Feed feed) {
  std::uint64_t state = 1469598103934665603U;
  for (const auto c : stream)
    state = (state ^ static_cast<unsigned char>(c)) * 1099511628211U;
  while (!stream.empty()) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const auto length = std::min<std::size_t>(1 + (state >> 60), stream.size());
    feed_in_pieces(stream.substr(0, length), length, feed);
    stream.remove_prefix(length);
  }
}

/// The result of *read* for every way to split; must be the same.
/// @param read Called with a function that takes a `feed`; returns what it has understood.
template <class Read>
bool same_however_cut(std::string_view stream, Read read) {
  const auto whole = read([&](auto feed) { feed_in_pieces(stream, stream.size(), feed); });
  const auto single = read([&](auto feed) { feed_in_pieces(stream, 1, feed); });
  const auto uneven = read([&](auto feed) { feed_in_uneven_pieces(stream, feed); });
  return whole == single && whole == uneven;
}

} // namespace nekod::fuzz
