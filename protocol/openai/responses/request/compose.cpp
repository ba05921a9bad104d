#include "protocol/openai/responses/request/compose.hpp"

#include "protocol/openai/chat/request_parts.hpp"
#include "protocol/openai/responses/request/message_list.hpp"
#include "protocol/openai/responses/request/told_items.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;

/// Parses the messages as chat completions would.
std::optional<failure> take_messages(std::vector<told_message>& messages, bool with_items,
                                     chat::request& r) {
  auto user_spoke = false;
  for (auto& m : messages) {
    const auto doc = json::parse(m.json);
    auto heard = read_message(doc.root, "input");
    if (!heard)
      return failure{failure_code::internal_error};
    if (heard->said.speaker == chat::role::user)
      user_spoke =
          !chat::without_trailing_space(heard->said.text).empty() || !heard->demands.empty();
    if (with_items)
      heard->said.items = std::move(m.items);
    r.messages.push_back(std::move(heard->said));
  }
  if (!user_spoke)
    object_to(r, {failure_code::no_user_message, "input"});
  return std::nullopt;
}

std::string body_of(const create_request& asked, const std::vector<told_message>& messages) {
  std::string out = R"({"messages":[)";
  for (const auto& m : messages)
    out.append(&m == &messages.front() ? "" : ",").append(m.json);
  out += ']';
  if (!asked.model.empty()) {
    out += R"(,"model":)";
    json::append_quoted(out, asked.model);
  }
  out += asked.parameters;
  if (asked.stream)
    out += R"(,"stream":true,"stream_options":{"include_usage":true})";
  return out += '}';
}

/// Adds the items of *told* that are among *own*, and outputs among these of earlier calls.
void add_news(message_list& list, const std::vector<told_item>& told, std::span<const item> own,
              bool has_instructions) {
  const auto is_own = [&](const item* i) { return i >= own.data() && i < own.data() + own.size(); };
  const auto has_prompt = has_instructions || std::ranges::any_of(own, instructs);
  std::vector<told_item> answered;
  for (const auto& t : told)
    if (!is_own(t.what) && t.output != nullptr && is_own(t.output))
      answered.push_back(t);
  if (!answered.empty())
    list.add_outputs_alone(answered);
  for (const auto& t : told)
    if (is_own(t.what) || (has_prompt && instructs(*t.what)))
      list.add(t);
}

} // namespace

result<chat::request, failure> compose(const create_request& asked, std::span<const item> history,
                                       std::span<const item> own, std::string_view instructions,
                                       telling what) {
  const auto told = told_items(history, own);
  if (!told)
    return told.error();
  message_list list;
  list.instruct(instructions);
  if (what == telling::whole)
    for (const auto& t : *told)
      list.add(t);
  else
    add_news(list, *told, own, !instructions.empty());
  auto messages = list.finish();
  if (messages.empty())
    return failure{failure_code::missing_required_parameter, "input"};
  chat::request r;
  if (auto e = take_messages(messages, asked.store || !asked.conversation.empty(), r))
    return *std::move(e);
  r.model = asked.model;
  r.session_id = asked.session_id;
  r.made_of_items = true;
  r.stream = r.include_usage = asked.stream;
  r.limits = asked.limits;
  r.tuning = asked.tuning;
  r.demands = list.demands();
  r.demands.insert(r.demands.end(), asked.demands.begin(), asked.demands.end());
  r.body = body_of(asked, messages);
  r.beside = asked.beside;
  return r;
}

} // namespace nekod::openai::responses
