#include "protocol/anuneko/calls.hpp"

#include "protocol/text/hex.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace nekod::anuneko {
namespace {

constexpr std::string_view json_type = "application/json";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// *text* as one segment of a path. Dots are escaped too, so that no segment is `..`.
std::string path_segment(std::string_view text) {
  std::string out;
  for (const auto c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    out += '%';
    append_hex(out, static_cast<std::uint8_t>(c), upper_hex_digits);
  }
  return out;
}

/// `{"key":"text"`, the open beginning of a body.
std::string object_with(std::string_view key, std::string_view text) {
  std::string out{"{"};
  json::append_quoted(out, key);
  out += ':';
  json::append_quoted(out, text);
  return out;
}

/// A string or a number as text; empty for anything else.
std::string word_of(const json::value* v) {
  if (v == nullptr)
    return {};
  if (v->IsString())
    return std::string{json::text_of(*v)};
  return v->IsNumber() ? json::to_text(*v) : std::string{};
}

/// The text or number in the first of *keys* that *object* has.
std::string first_word(const json::value& object, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (auto word = word_of(json::find(object, key)); !word.empty())
      return word;
  return {};
}

/// The result in a reply: its `data` if it has one, else the whole reply.
const json::value& payload_of(const json::value& reply) {
  const auto* data = json::find(reply, "data");
  return data != nullptr && data->IsObject() ? *data : reply;
}

bool means_success(std::string_view code) {
  return code.empty() || code == "0" || code == "ok" || code == "OK";
}

/// The error code in *reply*; empty if it reports no failure.
std::string failure_code(const json::value& reply) {
  if (auto code = word_of(json::find(reply, "code")); !means_success(code))
    return code;
  const auto* error = json::find(reply, "error");
  if (error == nullptr)
    return {};
  auto code = error->IsObject() ? first_word(*error, {"code", "type"}) : word_of(error);
  if (!means_success(code))
    return code;
  const auto wordless = error->IsTrue() || (error->IsObject() && !error->ObjectEmpty());
  return wordless ? "error" : std::string{};
}

/// The message for people in *object*.
std::string words_in(const json::value& object) {
  return first_word(object, {"detail", "message", "msg"});
}

std::string failure_detail(const json::value& reply) {
  auto detail = words_in(reply);
  if (const auto* error = json::find(reply, "error"); error != nullptr && detail.empty())
    return words_in(*error);
  return detail;
}

/// The array in the first of *keys* that *object* has one for; else null.
const json::value* first_array(const json::value& object,
                               std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (const auto* array = json::find(object, key); array != nullptr && array->IsArray())
      return array;
  return nullptr;
}

bool is_users(const json::value& message) {
  return message.IsObject() && first_word(message, {"role", "sender", "from"}) == "user";
}

/// The text of a message: its only text, or the first of several.
std::string text_in(const json::value& message) {
  if (auto text = first_word(message, {"text", "content"}); !text.empty())
    return text;
  const auto* parts = first_array(message, {"contents", "content"});
  return parts != nullptr && !parts->Empty() ? word_of(&(*parts)[0]) : std::string{};
}

} // namespace

std::string_view name_of(call_kind k) noexcept {
  switch (k) {
  case call_kind::create_chat:
    return "create_chat";
  case call_kind::select_model:
    return "select_model";
  case call_kind::post_message:
    return "post_message";
  case call_kind::select_choice:
    return "select_choice";
  case call_kind::list_messages:
    return "list_messages";
  default:
    return "view_user";
  }
}

call view_user() { return {call_kind::view_user, "GET", "/user/view", {}, {}}; }

call create_chat(std::string_view model) {
  return {call_kind::create_chat, "POST", "/chat", std::string{json_type},
          object_with("model", model) + "}"};
}

call select_model(std::string_view chat_id, std::string_view model) {
  auto body = object_with("chat_id", chat_id) + R"(,"model":)";
  json::append_quoted(body, model);
  body += '}';
  return {call_kind::select_model, "POST", "/user/select_model", std::string{json_type},
          std::move(body)};
}

call post_message(std::string_view chat_id, std::string_view text) {
  std::string body = R"({"contents":[)";
  json::append_quoted(body, text);
  body += "]}";
  return {call_kind::post_message, "POST", "/msg/" + path_segment(chat_id) + "/stream",
          "text/plain", std::move(body)};
}

call select_choice(std::string_view message_id, int branch) {
  auto body = object_with("msg_id", message_id);
  body += R"(,"choice_idx":)" + std::to_string(branch) + "}";
  return {call_kind::select_choice, "POST", "/msg/select-choice", std::string{json_type},
          std::move(body)};
}

call list_messages(std::string_view chat_id, std::string_view cursor) {
  auto id = path_segment(chat_id);
  auto path =
      "/chat/" + id + "/messages?cursor=" + path_segment(cursor) + "&chat_id=" + id + "&size=100";
  return {call_kind::list_messages, "GET", std::move(path), {}, {}};
}

std::optional<service_error> parse_error(std::string_view body) {
  const auto doc = json::parse_foreign(body);
  if (!doc)
    return std::nullopt;
  service_error e;
  e.code = failure_code(doc.root);
  if (e.code.empty())
    return std::nullopt;
  e.detail = failure_detail(doc.root);
  return e;
}

std::optional<std::string> parse_chat_id(std::string_view body) {
  const auto doc = json::parse_foreign(body);
  if (!doc)
    return std::nullopt;
  auto id = first_word(payload_of(doc.root), {"chat_id", "id"});
  if (id.empty())
    return std::nullopt;
  return id;
}

std::optional<message_page> parse_message_page(std::string_view body) {
  const auto doc = json::parse_foreign(body);
  if (!doc)
    return std::nullopt;
  const auto& page = payload_of(doc.root);
  const auto* messages = first_array(page, {"messages", "list", "items"});
  if (messages == nullptr)
    return std::nullopt;
  message_page result;
  for (const auto& m : messages->GetArray())
    if (is_users(m))
      result.said.push_back(text_in(m));
  const auto* more = json::find(page, "has_more");
  if (!messages->Empty() && (more == nullptr || !more->IsFalse()))
    result.next = first_word(page, {"next_cursor", "cursor", "next"});
  return result;
}

std::optional<std::vector<std::string>> parse_models(std::string_view body) {
  const auto doc = json::parse_foreign(body);
  if (!doc)
    return std::nullopt;
  const auto* models = json::find(payload_of(doc.root), "models");
  if (models == nullptr || !models->IsArray())
    return std::nullopt;
  std::vector<std::string> names;
  for (const auto& m : models->GetArray())
    if (auto name = m.IsObject() ? first_word(m, {"name", "model"}) : word_of(&m); !name.empty())
      names.push_back(std::move(name));
  return names;
}

bool refuses_account(const service_error& e) {
  std::string code;
  for (const auto c : e.code)
    code += is_alphanumeric(c) ? to_lower(c) : '_';
  if (code == "401" || code == "403")
    return true;
  constexpr std::array<std::string_view, 7> words{
      "unauthorized",  "unauthenticated", "forbidden",    "invalid_token",
      "token_invalid", "token_expired",   "expired_token"};
  return std::ranges::any_of(words, [&](auto word) { return code.find(word) != code.npos; });
}

std::string public_model_id(std::string_view upstream_name) {
  std::string id{"mihoyo-"};
  for (const auto c : upstream_name)
    id += c == ' ' ? '_' : to_lower(c);
  return id;
}

} // namespace nekod::anuneko
