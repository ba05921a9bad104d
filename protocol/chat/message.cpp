#include "protocol/chat/message.hpp"

#include <algorithm>
#include <array>

namespace nekod::chat {
namespace {

/// The roles' names, in the order of the enum.
constexpr std::array<std::string_view, 6> role_names{"system",    "developer", "user",
                                                     "assistant", "tool",      "function"};

} // namespace

std::string_view name_of(role r) noexcept { return role_names[static_cast<std::size_t>(r)]; }

std::optional<role> role_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(role_names, name);
  if (found == role_names.end())
    return std::nullopt;
  return static_cast<role>(found - role_names.begin());
}

bool says_something(const message& m) noexcept {
  return !m.more.empty() || !without_trailing_space(m.text).empty();
}

bool say_the_same(const message& a, const message& b) noexcept {
  return a.speaker == b.speaker && a.more == b.more &&
         without_trailing_space(a.text) == without_trailing_space(b.text);
}

std::string_view without_trailing_space(std::string_view text) noexcept {
  const auto end = text.find_last_not_of(" \t\r\n\f\v");
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

} // namespace nekod::chat
