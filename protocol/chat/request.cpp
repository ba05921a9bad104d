#include "protocol/chat/request.hpp"

#include <algorithm>

namespace nekod::chat {
namespace {

bool is_session_character(char c) {
  const auto is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  const auto is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit || c == '_' || c == '.' || c == ':' || c == '-';
}

} // namespace

std::size_t newest_user_message(const request& r) noexcept {
  const auto newest =
      std::ranges::find(r.messages.rbegin(), r.messages.rend(), role::user, &message::speaker);
  if (newest == r.messages.rend())
    return r.messages.size();
  return static_cast<std::size_t>(r.messages.rend() - newest) - 1;
}

bool valid_session_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, is_session_character);
}

} // namespace nekod::chat
