#include "bench/simulator/views.hpp"

#include "bench/simulator/json_object.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace nekod::sim {

namespace {

std::string message_json(const chat& c, const message& m) {
  return json_object{}
      .text("text", m.text)
      .text("reply", m.reply)
      .text("state", name_of(m.state))
      .text("msg_id", answer_message_id(c.id, m.number))
      .raw("choice", m.choice ? std::to_string(*m.choice) : "null")
      .take();
}

std::string chat_json(const chat& c) {
  std::string messages = "[";
  for (const auto& m : c.messages)
    append_item(messages, message_json(c, m));
  return json_object{}
      .text("id", c.id)
      .text("model", c.model)
      .raw("messages", messages + ']')
      .take();
}

std::string spoken_json(const std::string& id, std::string_view role, std::string_view text) {
  return json_object{}.text("msg_id", id).text("role", role).text("text", text).take();
}

/// The number after *name* in a query.
std::optional<std::size_t> number_in(std::string_view query, std::string_view name) {
  const auto at = query.find(name);
  if (at == query.npos)
    return std::nullopt;
  std::size_t result = 0;
  const auto digits = query.substr(at + name.size());
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  return fault == std::errc{} && end != digits.data() ? std::optional{result} : std::nullopt;
}

std::string violation_json(const violation& v) {
  return json_object{}
      .text("kind", name_of(v.kind))
      .text("chat_id", v.chat_id)
      .text("path", v.path)
      .take();
}

} // namespace

std::string chat_list_json(const books& b) {
  std::string chats = "[";
  b.visit([&](const chat& c) {
    append_item(chats, json_object{}.text("chat_id", c.id).text("model", c.model).take());
  });
  return json_object{}.raw("chats", chats + ']').take();
}

std::string messages_json(const chat& c, std::string_view query) {
  std::vector<std::string> all;
  for (const auto& m : c.messages) {
    if (m.state == message_state::refused)
      continue;
    all.push_back(spoken_json(user_message_id(c.id, m.number), "user", m.text));
    if (m.state != message_state::streaming)
      all.push_back(spoken_json(answer_message_id(c.id, m.number), "assistant", m.reply));
  }
  const auto begin = std::min(number_in(query, "cursor=").value_or(0), all.size());
  const auto end = begin + std::min(number_in(query, "size=").value_or(20), all.size() - begin);
  std::string page = "[";
  for (auto i = begin; i < end; ++i)
    append_item(page, all[i]);
  return json_object{}
      .raw("messages", page + ']')
      .text("next_cursor", end < all.size() ? std::to_string(end) : std::string{})
      .take();
}

std::string chats_json(const books& b) {
  std::string chats = "[";
  b.visit([&](const chat& c) { append_item(chats, chat_json(c)); });
  return json_object{}.raw("chats", chats + ']').take();
}

std::string report_json(const totals& t, const usage_counts& u) {
  std::string violations = "[";
  for (const auto& v : u.violations)
    append_item(violations, violation_json(v));
  json_object calls;
  for (std::size_t i = 0; i < api_call_count; ++i)
    calls.number(api_call_names[i], u.calls[i]);
  return json_object{}
      .number("chats", t.chats)
      .number("messages", t.messages)
      .number("replies_completed", t.completed)
      .number("replies_aborted", t.aborted)
      .number("active_replies", t.active)
      .number("max_active_replies", t.max_active)
      .number("choices", t.choices)
      .number("violation_count", u.violation_count)
      .raw("violations", violations + ']')
      .raw("calls", calls.take())
      .take();
}

} // namespace nekod::sim
