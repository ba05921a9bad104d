#include "protocol/sessions/conversation_search.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>

namespace nekod {
namespace {

/// Capital letters whose small ones follow at a distance.
struct letters {
  unsigned first;
  unsigned last;
  /// 2 where capital and small letters take turns.
  unsigned every;
  unsigned distance;
};

/// Those that take two bytes in UTF-8 (Unicode 15, CaseFolding.txt).
constexpr letters capitals[] = {
    {0xc0, 0xd6, 1, 0x20},   {0xd8, 0xde, 1, 0x20},   {0x100, 0x12e, 2, 1},
    {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},    {0x14a, 0x176, 2, 1},
    {0x179, 0x17d, 2, 1},    {0x386, 0x386, 1, 0x26}, {0x388, 0x38a, 1, 0x25},
    {0x38c, 0x38c, 1, 0x40}, {0x38e, 0x38f, 1, 0x3f}, {0x391, 0x3a1, 1, 0x20},
    {0x3a3, 0x3ab, 1, 0x20}, {0x3c2, 0x3c2, 1, 1},    {0x400, 0x40f, 1, 0x50},
    {0x410, 0x42f, 1, 0x20}, {0x460, 0x480, 2, 1},    {0x48a, 0x4be, 2, 1},
    {0x4d0, 0x52e, 2, 1},    {0x531, 0x556, 1, 0x30},
};

unsigned small(unsigned letter) noexcept {
  for (const auto& l : capitals)
    if (letter >= l.first && letter <= l.last)
      return (letter - l.first) % l.every == 0 ? letter + l.distance : letter;
  return letter;
}

bool begins_two(unsigned char byte) noexcept { return byte >= 0xc3 && byte <= 0xdf; }

} // namespace

std::string folded(std::string_view text) {
  std::string out{text};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte >= 'A' && byte <= 'Z') {
      out[i] = static_cast<char>(byte + ('a' - 'A'));
    } else if (begins_two(byte) && i + 1 < out.size()) {
      const auto letter =
          small((byte & 0x1fU) << 6U | (static_cast<unsigned char>(out[i + 1]) & 0x3fU));
      out[i] = static_cast<char>(0xc0U | letter >> 6U);
      out[++i] = static_cast<char>(0x80U | (letter & 0x3fU));
    }
  }
  return out;
}

bool says(std::span<const chat::message> messages, std::string_view metadata,
          std::string_view words) {
  const auto has_words = [words](std::string_view text) {
    return folded(text).find(words) != std::string::npos;
  };
  if (std::ranges::any_of(messages, has_words, &chat::message::text))
    return true;
  const auto doc = json::parse(metadata);
  return doc && doc.root.IsObject() &&
         std::ranges::any_of(doc.root.GetObject(), [&](const auto& m) {
           return m.value.IsString() && has_words(json::text_of(m.value));
         });
}

} // namespace nekod
