#include "bench/load/conversation.hpp"

#include "protocol/text/json_strings.hpp"

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

conversation::conversation(const options& o, const post_writer& w, std::string name)
    : options_(o), writer_(w), name_(std::move(name)) {}

std::string conversation::next_turn() {
  ++turn_;
  if (options_.by != continuation::history)
    messages_.clear();
  std::string text;
  json::append_escaped(text, filled_in(options_.message, name_, turn_));
  append_message("user", text);
  const auto* path = options_.api == api::responses ? "/responses" : "/chat/completions";
  return writer_.post(path, "application/json", body());
}

std::string conversation::body() const {
  std::string out = R"({"model":)";
  json::append_quoted(out, options_.model);
  if (options_.stream)
    out += R"(,"stream":true)";
  if (!previous_.empty())
    json::append_quoted(out.append(R"(,"previous_response_id":)"), previous_);
  out += options_.api == api::responses ? R"(,"input":[)" : R"(,"messages":[)";
  out += messages_;
  if (options_.by == continuation::session)
    return out.append(R"(],"session_id":")").append(name_).append("\"}");
  return out.append("]}");
}

void conversation::answered(std::string_view escaped, std::string id) {
  if (options_.by == continuation::previous)
    previous_ = std::move(id);
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
