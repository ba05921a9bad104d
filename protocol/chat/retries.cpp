#include "protocol/chat/retries.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace nekod::chat {

namespace {

/// A client's timer starts before ours, by the time to connect and to send.
constexpr std::chrono::seconds head_start{1};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number result{};
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (fault != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

} // namespace

bool retries::returns_after(std::chrono::duration<double> waited,
                            bool stream_begun) const noexcept {
  if (!key.empty())
    return true;
  return count && !stream_begun && (!patience || waited + head_start >= *patience);
}

retries parse_retries(std::string key, std::string_view count, std::string_view timeout,
                      std::string_view read_timeout) {
  retries result;
  result.key = std::move(key);
  result.count = number<unsigned>(count);
  if (auto seconds = number<double>(timeout.empty() ? read_timeout : timeout);
      seconds && std::isfinite(*seconds))
    result.patience = std::chrono::duration<double>{*seconds};
  return result;
}

} // namespace nekod::chat
