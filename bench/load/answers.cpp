#include "bench/load/answers.hpp"

#include "protocol/text/json_strings.hpp"

namespace nekod::load {

whole_answer wrong_answer(std::string what) {
  return {{}, {}, fault{fault_kind::wrong, std::move(what)}};
}

std::string reported_error(const json::value& body) {
  const auto* error = json::find(body, "error");
  if (error == nullptr || error->IsNull())
    return {};
  if (error->IsObject())
    for (const auto* key : {"code", "type"})
      if (const auto word = json::find_string(*error, key); word && !word->empty())
        return std::string{word->substr(0, 64)};
  return "unnamed";
}

fault refusal(unsigned status, std::string_view body) {
  const auto text = json::parse(body);
  auto word = text && text.root.IsObject() ? reported_error(text.root) : std::string{};
  return {fault_kind::status, std::to_string(status) + (word.empty() ? "" : " " + word)};
}

whole_answer read_whole(std::string_view body) {
  const auto text = json::parse(body);
  if (!text || !text.root.IsObject())
    return wrong_answer("an answer is not a JSON object");
  if (auto report = reported_error(text.root); !report.empty())
    return wrong_answer("error in an answer of status 200: " + report);
  const auto* choices = json::find(text.root, "choices");
  if (choices == nullptr || !choices->IsArray() || choices->Empty() || !(*choices)[0].IsObject())
    return wrong_answer("an answer has no choice");
  const auto& choice = (*choices)[0];
  const auto* message = json::find(choice, "message");
  const auto content = message != nullptr && message->IsObject()
                           ? json::find_string(*message, "content")
                           : std::nullopt;
  if (!content)
    return wrong_answer("an answer has no text");
  if (!json::find_string(choice, "finish_reason"))
    return wrong_answer("an answer has no finish reason");
  whole_answer result;
  json::append_escaped(result.text, *content);
  return result;
}

bool holds(std::string_view escaped, std::string_view wanted) {
  // An escape has several forms, so only decoded texts can be compared.
  const auto text = json::parse(std::string{'"'}.append(escaped).append(1, '"'));
  return text && json::text_of(text.root).find(wanted) != std::string_view::npos;
}

} // namespace nekod::load
