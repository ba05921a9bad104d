#include "protocol/text/json_strings.hpp"

#include "protocol/text/hex.hpp"
#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace nekod::json {

namespace {

/// For each byte the character after the backslash: a letter, `u` for the long form, 0 if the byte
/// needs no escape.
constexpr auto escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i)
    table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

char escape_of(char c) { return escapes[static_cast<unsigned char>(c)]; }

/// The bytes that are looked at in one step.
constexpr std::size_t word_size = sizeof(std::uint64_t);

/// Whether one of the next `word_size` bytes needs an escape. Conversations are long, and few bytes
/// of them do.
bool has_escape(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, word_size);
  // The highest bit of a byte says that the byte is smaller than *limit*, up to 0x80.
  const auto below = [](std::uint64_t w, std::uint64_t limit) { return (w - ones * limit) & ~w; };
  const auto quote = word ^ (ones * '"');
  const auto slash = word ^ (ones * '\\');
  return ((below(word, 0x20) | below(quote, 1) | below(slash, 1)) & (ones * 0x80)) != 0;
}

void append_escape(std::string& out, char c) {
  const auto letter = escape_of(c);
  out += '\\';
  out += letter;
  if (letter == 'u') {
    out += "00";
    append_hex(out, static_cast<std::uint8_t>(c));
  }
}

/// The byte that a two-byte escape stands for; 0 for others.
char unescaped(char c) {
  switch (c) {
  case '"':
  case '\\':
  case '/':
    return c;
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return 0;
  }
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

std::string quote(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t run = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    while (i + word_size <= text.size() && !has_escape(text.data() + i))
      i += word_size;
    for (const auto end = std::min(i + word_size, text.size()); i < end; ++i) {
      if (escape_of(text[i]) == 0)
        continue;
      out.append(text, run, i - run);
      append_escape(out, text[i]);
      run = i + 1;
    }
  }
  out.append(text, run);
}

std::optional<std::size_t> append_unescaped(std::string& out, std::string_view text) {
  const auto begin = out.size();
  auto ascii = true;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      ascii = false;
    } else if (byte == '"') {
      out.append(text, copied, i - copied);
      if (!ascii && !is_utf8(std::string_view{out}.substr(begin)))
        return std::nullopt;
      return i;
    } else if (byte < 0x20) {
      return std::nullopt;
    } else if (byte == '\\') {
      const auto c = i + 1 < text.size() ? unescaped(text[i + 1]) : '\0';
      if (c == 0)
        return std::nullopt;
      out.append(text, copied, i - copied);
      out += c;
      copied = ++i + 1;
    }
  }
  return std::nullopt;
}

} // namespace nekod::json
