#pragma once

#include "protocol/openai/model_position.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace nekod::test {

/// The position found by a finder, and the name; nothing if it is absent.
using position = std::optional<std::tuple<std::size_t, std::size_t, std::string>>;

/// A finder's result for *text*, which grows by *step* bytes per call.
/// @param make Makes a new finder.
template <class Make>
position look_in_steps(Make make, std::string_view text, std::size_t step, std::size_t first = 0) {
  auto finder = make();
  for (std::size_t size = first == 0 ? step : first;; size += step) {
    const std::string so_far{
        text.substr(0, size)}; // At a new address each time, as in growing buffers.
    auto state = finder.look(so_far);
    if (state == model_search::found)
      return std::tuple{finder.position().begin, finder.position().end, finder.position().name};
    if (state == model_search::absent || size >= text.size())
      return std::nullopt;
  }
}

/// A finder's result for *text*, after checking that it is the same for every split.
template <class Make>
position look_in_all_cuts(Make make, std::string_view text) {
  const auto whole = look_in_steps(make, text, text.size() + 1);
  for (std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}})
    CHECK(look_in_steps(make, text, step) == whole);
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(look_in_steps(make, text, text.size(), cut) == whole);
  }
  return whole;
}

} // namespace nekod::test
