#include "http/client/h1/coded_body.hpp"

#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace nekod::fuzz {
namespace {

/// Small, so that inputs exceed it.
constexpr std::size_t most = 64u << 10;

/// What the pieces of *cut* decode to; nothing if they do not.
template <class Cut>
std::optional<std::string> decode(std::string_view codings, Cut cut) {
  auto coding = http::coded_body::of(codings);
  std::optional<std::string> text{std::in_place};
  cut([&](std::string_view piece) {
    if (!text)
      return;
    const auto result = coding->decode(piece, *text, most);
    check(text->size() <= most, "no text is longer than it may be");
    if (result != http::coded_body::result::fine)
      text.reset();
  });
  return text;
}

} // namespace

/// The codings stand before the first line end.
void coded_body(std::string_view input) {
  const auto end = std::min(input.find('\n'), input.size());
  const auto codings = input.substr(0, end);
  input.remove_prefix(std::min(end + 1, input.size()));
  if (!http::coded_body::of(codings))
    return;
  check(same_however_cut(input, [&](auto cut) { return decode(codings, cut); }),
        "the cuts of a body change nothing");
}

} // namespace nekod::fuzz
