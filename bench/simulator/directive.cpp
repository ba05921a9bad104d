#include "bench/simulator/directive.hpp"

#include "bench/simulator/settings.hpp"

#include <algorithm>
#include <charconv>

namespace nekod::sim {

namespace {

constexpr std::string_view opening = "[sim ";

/// The number at the beginning of *text*, limited to *max*.
std::optional<std::uint32_t> number_at(std::string_view text, std::uint32_t max) {
  std::uint32_t n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (end == text.data())
    return std::nullopt;
  return error == std::errc::result_out_of_range ? max : std::min(n, max);
}

void read_word(std::string_view word, directive& out) {
  auto split = word.find('=');
  if (split == std::string_view::npos)
    return;
  auto name = word.substr(0, split);
  auto value = word.substr(split + 1);
  if (name == "tokens") {
    if (auto n = number_at(value, setting_limits::tokens))
      out.tokens = n;
  } else if (name == "delay") {
    if (auto n = number_at(value, setting_limits::delay_ms))
      out.delay = std::chrono::milliseconds{*n};
  } else if (name == "first") {
    if (auto n = number_at(value, setting_limits::delay_ms))
      out.first_delay = std::chrono::milliseconds{*n};
  } else if (name == "tools") {
    out.tools = number_at(value, setting_limits::tool_calls);
  } else if (name == "reasoning") {
    out.reasoning = number_at(value, setting_limits::tokens);
  } else if (name == "finish") {
    out.finish = value;
  }
}

directive read_words(std::string_view words) {
  directive out;
  while (!words.empty()) {
    auto end = std::min(words.find(' '), words.size());
    read_word(words.substr(0, end), out);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

} // namespace

directed_prompt split_directive(std::string_view text) {
  auto begin = text.rfind(opening);
  auto end = begin == std::string_view::npos ? begin : text.find(']', begin);
  if (end == std::string_view::npos)
    return {std::string{text}, {}};
  auto words = text.substr(begin + opening.size(), end - begin - opening.size());
  std::string rest{text.substr(0, begin)};
  rest += text.substr(end + 1);
  return {std::move(rest), read_words(words)};
}

} // namespace nekod::sim
