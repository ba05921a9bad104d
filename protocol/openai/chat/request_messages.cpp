#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/chat/request_parts.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace nekod::openai {
namespace {

/// The content of a message.
struct content {
  /// The texts so far, joined by LF.
  std::string text;
  bool has_text = false;
  /// The places of parts that are not text.
  std::vector<std::string> demands;
  std::optional<chat::failure> objection;

  void add_text(std::string_view t) {
    if (has_text)
      text += '\n';
    text += t;
    has_text = true;
  }
};

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == text.npos; }

std::optional<chat::failure> read_part(const json::value& part, std::string place, content& to) {
  if (!part.IsObject())
    return wrong_type(std::move(place), "an object");
  const auto type = required_string(part, "type", place);
  if (!type)
    return type.error();
  if (*type == "text" || *type == "refusal") {
    const auto text = required_string(part, *type, place);
    if (!text)
      return text.error();
    to.add_text(*text);
    return std::nullopt;
  }
  if (*type == "image_url" || *type == "input_audio" || *type == "file") {
    to.demands.push_back(std::move(place));
    return std::nullopt;
  }
  if (!to.objection)
    to.objection = chat::failure{chat::failure_code::invalid_value, place + ".type",
                                 "expected text, refusal, image_url, input_audio or file"};
  to.demands.push_back(std::move(place));
  return std::nullopt;
}

std::optional<chat::failure> read_parts(const json::value& parts, const std::string& place,
                                        content& to) {
  for (rapidjson::SizeType i = 0; i < parts.Size(); ++i)
    if (auto e = read_part(parts[i], element(place, i), to))
      return e;
  return std::nullopt;
}

/// Reads the content of the message at *place*. Null counts as empty for every role, since clients
/// send it.
std::optional<chat::failure> read_content(const json::value& m, chat::role speaker,
                                          const std::string& place, content& to) {
  const auto is_tool = speaker == chat::role::tool || speaker == chat::role::function;
  const auto* v = json::find(m, "content");
  if (v == nullptr && speaker != chat::role::assistant && !is_tool)
    return chat::failure{chat::failure_code::missing_required_parameter, place + ".content"};
  if (v == nullptr || v->IsNull())
    return std::nullopt;
  if (v->IsArray())
    return read_parts(*v, place + ".content", to);
  if (v->IsString())
    to.add_text(json::text_of(*v));
  else if (is_tool)
    to.add_text(json::to_text(*v));
  else
    return wrong_type(place + ".content", "a string or an array of parts");
  return std::nullopt;
}

/// The most parts per message on average: a request with more is not a conversation.
constexpr std::size_t parts_a_message = 4;

std::size_t parts_in(const json::value& messages) {
  std::size_t result = 0;
  for (const auto& m : messages.GetArray())
    if (const auto* v = json::find(m, "content"); v != nullptr && v->IsArray())
      result += v->Size();
  return result;
}

result<chat::role, chat::failure> read_role(const json::value& m, const std::string& place) {
  const auto name = required_string(m, "role", place);
  if (!name)
    return name.error();
  const auto speaker = chat::role_named(*name);
  if (!speaker)
    return chat::failure{chat::failure_code::invalid_value, place + ".role",
                         "expected system, developer, user, assistant, tool or function"};
  return *speaker;
}

} // namespace

result<heard_message, chat::failure> read_message(const json::value& m, const std::string& place) {
  if (!m.IsObject())
    return wrong_type(place, "an object");
  const auto speaker = read_role(m, place);
  if (!speaker)
    return speaker.error();
  content said;
  if (auto e = read_content(m, *speaker, place, said))
    return *std::move(e);
  heard_message heard;
  heard.said = chat::message{*speaker, std::move(said.text)};
  heard.said.more = more_of(m, *speaker);
  heard.demands = std::move(said.demands);
  heard.objection = std::move(said.objection);
  return heard;
}

std::optional<chat::failure> read_messages(const json::value& body, std::size_t most,
                                           chat::request& r) {
  const std::string name = "messages";
  const auto* messages = json::find(body, name);
  if (messages == nullptr || messages->IsNull())
    return chat::failure{chat::failure_code::missing_required_parameter, name};
  if (!messages->IsArray())
    return wrong_type(name, "an array");
  if (messages->Empty())
    return chat::failure{chat::failure_code::empty_messages, name};
  if (messages->Size() > most || parts_in(*messages) > parts_a_message * most)
    return chat::failure{chat::failure_code::conversation_too_large, name,
                         "at most " + std::to_string(most) + " messages, of " +
                             std::to_string(parts_a_message) + " parts on average"};
  auto user_spoke = false;
  for (rapidjson::SizeType i = 0; i < messages->Size(); ++i) {
    auto heard = read_message((*messages)[i], element(name, i));
    if (!heard)
      return heard.error();
    if (heard->said.speaker == chat::role::user)
      user_spoke = !is_blank(heard->said.text) || !heard->demands.empty();
    r.messages.push_back(std::move(heard->said));
    std::ranges::move(heard->demands, std::back_inserter(r.demands));
    if (heard->objection)
      object_to(r, *std::move(heard->objection));
  }
  if (!user_spoke)
    object_to(r, {chat::failure_code::no_user_message, name});
  return std::nullopt;
}

} // namespace nekod::openai
