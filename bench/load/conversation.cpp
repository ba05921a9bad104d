#include "bench/load/conversation.hpp"

#include "protocol/json.hpp"

#include <utility>

namespace nekod::load {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

} // namespace

std::string filled_in(std::string_view text, std::string_view conversation, std::uint64_t turn) {
  std::string result{text};
  replace_all(result, "{conversation}", conversation);
  replace_all(result, "{turn}", std::to_string(turn));
  return result;
}

request_writer::request_writer(const options& o) {
  head_ = "POST " + o.target.path + "/chat/completions HTTP/1.1\r\nHost: " + o.target.authority() +
          "\r\nUser-Agent: nekod-bench\r\nContent-Type: application/json\r\n";
  if (!o.api_key.empty())
    head_ += "Authorization: Bearer " + o.api_key + "\r\n";
  for (const auto& field : o.headers)
    head_ += field + "\r\n";
  head_ += "Content-Length: ";
  body_ = R"({"model":)";
  json::append_quoted(body_, o.model);
  body_ += o.stream ? R"(,"stream":true,"messages":[)" : R"(,"messages":[)";
}

std::string request_writer::request(std::string_view messages, std::string_view session) const {
  constexpr std::string_view session_key = R"(],"session_id":")";
  const auto size = body_.size() + messages.size() +
                    (session.empty() ? 2 : session_key.size() + session.size() + 2);
  std::string out;
  out.reserve(head_.size() + size + 16);
  out.append(head_).append(std::to_string(size)).append("\r\n\r\n").append(body_).append(messages);
  if (session.empty())
    return out.append("]}");
  return out.append(session_key).append(session).append("\"}");
}

conversation::conversation(const options& o, const request_writer& w, std::string name)
    : options_(o), writer_(w), name_(std::move(name)) {}

std::string conversation::next_turn() {
  ++turn_;
  if (options_.by == continuation::session)
    messages_.clear();
  std::string text;
  json::append_escaped(text, filled_in(options_.message, name_, turn_));
  append_message("user", text);
  return writer_.request(messages_, options_.by == continuation::session ? name_ : "");
}

void conversation::answered(std::string_view escaped) {
  if (options_.by == continuation::history && !over())
    append_message("assistant", escaped);
}

std::string conversation::expected_text() const {
  return filled_in(options_.expected_text, name_, turn_);
}

void conversation::append_message(std::string_view role, std::string_view escaped) {
  messages_.append(messages_.empty() ? R"({"role":")" : R"(,{"role":")");
  messages_.append(role).append(R"(","content":")").append(escaped).append("\"}");
}

} // namespace nekod::load
