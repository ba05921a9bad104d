#include "protocol/openai/errors.hpp"
#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>
#include <vector>

namespace nekod::fuzz {
namespace {

using namespace openai::responses;

constexpr std::size_t most_items = 10'000;

void check_error(const chat::failure& e) {
  check(openai::status_of(e) >= 400 && openai::status_of(e) < 500, "a refusal blames the client");
  check_one_line_json(openai::to_json(e, language::en), "an error is JSON on one line");
}

void check_items(const create_request& r) {
  for (const auto& i : r.input) {
    if (i.kind == item_kind::reference)
      continue;
    check_one_line_json(to_json(i), "an item is JSON on one line");
    const auto back = item_of(i.id, i.json);
    check(back.type == i.type && back.kind == i.kind && back.call_id == i.call_id &&
              back.speaker == i.speaker && back.incomplete == i.incomplete,
          "a stored item is read back");
    check(say_the_same(back, i), "a stored item says the same");
  }
}

/// Whether the calls of the message at *i* have exactly their outputs after it.
std::size_t check_calls(const std::vector<std::string_view>& messages, std::size_t i) {
  const auto doc = json::parse(messages[i], json::max_depth + 4);
  const auto* calls = json::find(doc.root, "tool_calls");
  if (calls == nullptr)
    return i;
  for (const auto& call : calls->GetArray()) {
    check(++i < messages.size(), "a call has an output");
    const auto output = json::parse(messages[i], json::max_depth + 4);
    check(json::find_string(output.root, "tool_call_id") == json::find_string(call, "id"),
          "outputs follow their calls in order");
  }
  return i;
}

void check_composed(const chat::request& r) {
  check_one_line_json(r.body, "what goes up is JSON on one line");
  const auto spans = openai::message_spans(r);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check(!spans[i].empty(), "each message is in the body");
    check(is_utf8(r.messages[i].text), "a text is UTF-8");
    check(r.messages[i].speaker != chat::role::developer, "no message is a developer's");
    check(r.messages[i].speaker != chat::role::system || i == 0, "the prompt is the first message");
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    check(r.messages[i].speaker != chat::role::tool, "an output has a call");
    i = check_calls(spans, i);
  }
  if (r.objection)
    check_error(*r.objection);
  else
    check(chat::newest_user_message(r) < r.messages.size(), "a good request has a user");
}

} // namespace

void responses_request(std::string_view input) {
  const auto r = parse_create_request(input, most_items);
  if (!r)
    return check_error(r.error());
  check_one_line_json("{" + r->echo + "}", "what a response repeats is JSON on one line");
  check(r->conversation.empty() || r->previous_response_id.empty(), "one state is named");
  for (const auto& name : r->ignored)
    check(!has_control_characters(name), "what is ignored fits into a header field");
  check_items(*r);
  const auto composed = compose(*r, {}, r->input, r->instructions.value_or(""));
  if (!composed)
    return check_error(composed.error());
  check_composed(*composed);
  const auto again = compose(*r, r->input, r->input, {});
  check(again || r->input.empty(), "a history can be told with what it was made of");
  if (again)
    check_composed(*again);
}

} // namespace nekod::fuzz
