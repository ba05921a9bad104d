#include "protocol/openai/upstream/whole_messages.hpp"

#include "protocol/openai/chat/request_parts.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::openai {
namespace {

std::string plain_json(const chat::message& m) {
  std::string out;
  out.append(R"({"role":")").append(name_of(m.speaker)).append(R"(","content":)");
  json::append_quoted(out, m.text);
  out += '}';
  return out;
}

/// The *object* of a message with *text* as its content.
std::string with_content(std::string_view object, std::string_view text) {
  std::string out = R"({"content":)";
  json::append_quoted(out, text);
  for (json::members m{object}; m.next();)
    if (m.name() != "content")
      out.append(",").append(m.whole());
  return out += '}';
}

} // namespace

std::string_view messages_span(const chat::request& r) {
  return json::find_span(r.body, "messages");
}

std::vector<std::string_view> message_spans(const chat::request& r) {
  std::vector<std::string_view> spans;
  spans.reserve(r.messages.size());
  for (json::elements e{messages_span(r)}; e.next();)
    spans.push_back(e.value());
  spans.resize(r.messages.size());
  return spans;
}

chat::message kept_message(const chat::message& m, std::string_view span) {
  auto result = m;
  if (span != plain_json(m))
    result.json = span;
  return result;
}

std::string with_prefill(std::string_view prefill, std::string_view text) {
  if (text.starts_with(chat::without_trailing_space(prefill)))
    return std::string{text};
  return std::string{prefill}.append(text);
}

chat::message with_prefill(const chat::message& prefill, chat::message answer) {
  auto text = with_prefill(prefill.text, answer.text);
  if (text == answer.text)
    return answer;
  if (!answer.json.empty())
    answer.json = with_content(answer.json, text);
  answer.text = std::move(text);
  return answer;
}

std::optional<chat::message> parse_message(std::string_view text) {
  const auto doc = json::parse(text);
  if (!doc)
    return std::nullopt;
  auto heard = read_message(doc.root, {});
  if (!heard)
    return std::nullopt;
  return kept_message(heard->said, text);
}

void append_message(std::string& out, const chat::message& m) {
  if (m.json.empty())
    out += plain_json(m);
  else
    out += m.json;
}

} // namespace nekod::openai
