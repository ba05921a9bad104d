#include "http/server/gate/key_lines.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>

namespace nekod::http {

namespace {

/// Whether *line* is that of the key with *hash*.
bool is_of(std::string_view line, const key_hash& hash) {
  auto keys = parse_api_keys(line);
  return keys && keys->size() == 1 && keys->entries().front().hash == hash;
}

/// The comment at the end of *line*, with the blanks before it, and its line end; may be empty.
std::string_view tail_of(std::string_view line) {
  auto inside = false;
  std::size_t begin = line.size();
  for (std::size_t i = 0; i < line.size() && begin == line.size(); ++i) {
    if (line[i] == '"')
      inside = !inside;
    const auto after_blank = i > 0 && blanks.find(line[i - 1]) != std::string_view::npos;
    if (line[i] == '#' && !inside && after_blank)
      begin = i;
  }
  const auto last = line.substr(0, begin).find_last_not_of(" \t\r\n");
  return line.substr(last == std::string_view::npos ? 0 : last + 1);
}

/// *text* with *replace* in place of the line of the key with *hash*, its line end included.
template <class Replace>
std::string replaced(std::string_view text, const key_hash& hash, Replace replace) {
  std::string result;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    if (is_of(line, hash))
      result += replace(line);
    else
      result += line;
  }
  return result;
}

} // namespace

std::string with_key(std::string text, const key_hash& hash, const api_key& holder) {
  if (!text.empty() && text.back() != '\n')
    text += '\n';
  return text + key_line(hash, holder) + '\n';
}

std::string with_changed_key(std::string_view text, const key_hash& hash, const api_key& holder) {
  return replaced(text, hash, [&](std::string_view line) {
    return key_line(hash, holder).append(tail_of(line));
  });
}

std::string without_key(std::string_view text, const key_hash& hash) {
  return replaced(text, hash, [](std::string_view) { return std::string_view{}; });
}

} // namespace nekod::http
