#include "protocol/openai/chat/request.hpp"

#include "protocol/openai/chat/request_parts.hpp"
#include "protocol/text/json.hpp"

#include <algorithm>

namespace nekod::openai {
namespace {

error body_error(const json::document& doc) {
  const auto place = "at byte " + std::to_string(doc.offset);
  switch (doc.error) {
  case json::fault::empty:
    return error{error_code::empty_body};
  case json::fault::encoding:
    return {error_code::invalid_encoding, {}, place};
  case json::fault::too_deep:
    return {error_code::nesting_too_deep,
            {},
            "the limit is " + std::to_string(json::max_depth) + " levels"};
  default:
    return {error_code::invalid_json, {}, place};
  }
}

bool is_session_character(char c) {
  const auto is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  const auto is_digit = c >= '0' && c <= '9';
  return is_letter || is_digit || c == '_' || c == '.' || c == ':' || c == '-';
}

} // namespace

std::size_t newest_user_message(const chat_request& r) noexcept {
  const auto newest =
      std::ranges::find(r.messages.rbegin(), r.messages.rend(), role::user, &message::speaker);
  if (newest == r.messages.rend())
    return r.messages.size();
  return static_cast<std::size_t>(r.messages.rend() - newest) - 1;
}

bool valid_session_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, is_session_character);
}

void object_to(chat_request& r, error e) {
  if (!r.objection)
    r.objection = std::move(e);
}

result<chat_request, error> parse_chat_request(std::string body, std::size_t max_messages) {
  chat_request r;
  r.body = std::move(body);
  const auto doc = json::parse(r.body);
  if (!doc)
    return body_error(doc);
  if (!doc.root.IsObject())
    return error{error_code::invalid_type, {}, "expected an object"};
  if (auto e = read_messages(doc.root, max_messages, r))
    return *std::move(e);
  if (auto e = read_parameters(doc.root, r))
    return *std::move(e);
  return r;
}

} // namespace nekod::openai
