#include "protocol/openai/conversations/items.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace nekod;
using namespace nekod::openai::conversations;
using chat::message;
using chat::role;
using openai::responses::item;

namespace {

const std::string conversation = "c0ffee";

/// Items with ids.
std::vector<item> identified(std::string_view json) {
  auto items = test::items_of(json);
  for (std::size_t n = 0; n < items.size(); ++n)
    if (items[n].id.empty())
      items[n].id = "id_" + std::to_string(n);
  return items;
}

message heard(std::string_view json) {
  auto m = openai::parse_message(json);
  REQUIRE(m);
  return *std::move(m);
}

std::vector<std::string> ids_of(const std::vector<item>& items) {
  std::vector<std::string> ids;
  for (const auto& i : items)
    ids.push_back(i.id);
  return ids;
}

std::vector<std::string> texts_of(const std::vector<message>& messages) {
  std::vector<std::string> texts;
  for (const auto& m : messages)
    texts.push_back(std::string{name_of(m.speaker)} + ": " + m.text);
  return texts;
}

using strings = std::vector<std::string>;

constexpr std::string_view some = R"([
  {"role":"developer","content":"be brief"},
  {"role":"user","content":"one"},
  {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
  {"role":"assistant","content":"two"},
  {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
  {"type":"function_call_output","call_id":"c1","output":"three"},
  {"role":"user","content":"four"}])";

} // namespace

TEST_CASE("items make messages, and come back from them as they were") {
  const auto items = identified(some);
  const auto messages = messages_of(items);
  CHECK(texts_of(messages) ==
        strings{"system: be brief", "user: one", "assistant: two", "tool: three", "user: four"});
  const auto back = items_of(messages, conversation);
  CHECK(ids_of(back) == ids_of(items));
  for (std::size_t n = 0; n < items.size(); ++n)
    CHECK(to_json(back[n]) == to_json(items[n]));
}

TEST_CASE("calls and outputs are told alone if they have to be") {
  const auto call =
      identified(R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}])");
  auto output = identified(R"([{"type":"function_call_output","call_id":"c1","output":"three"}])");
  output.front().id = "id_output";
  auto messages = with_items({}, call);
  CHECK(ids_of(items_of(messages, conversation)) == strings{"id_0"});
  messages = with_items(std::move(messages), output);
  CHECK(texts_of(messages) == strings{"assistant: ", "tool: three"});
  CHECK(ids_of(items_of(messages, conversation)) == strings{"id_0", "id_output"});
}

TEST_CASE("messages of chats are items, always with the same ids, except for prompts") {
  const std::vector<message> messages{
      heard(R"({"role":"system","content":"be kind"})"),
      heard(R"({"role":"user","content":[{"type":"text","text":"look"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]})"),
      heard(R"({"role":"assistant","content":"seen","reasoning_content":"hm","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]})"),
      heard(R"({"role":"tool","tool_call_id":"c1","content":"done"})"),
      heard(R"({"role":"user","content":"again"})"),
      heard(R"({"role":"user","content":"again"})")};
  const auto items = items_of(messages, conversation);
  strings types;
  for (const auto& i : items)
    types.push_back(i.type);
  CHECK(types == strings{"message", "reasoning", "message", "function_call", "function_call_output",
                         "message", "message"});
  const auto ids = ids_of(items);
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == items.size());
  CHECK(ids_of(items_of(messages, conversation)) == ids);
  CHECK(ids_of(items_of(messages, "other")) != ids);
  CHECK(items.front().json.find(R"("type":"input_image")") != std::string::npos);
  // What comes later changes no id.
  const std::vector<message> fewer(messages.begin(), messages.end() - 2);
  CHECK(ids_of(items_of(fewer, conversation)) == strings(ids.begin(), ids.end() - 2));
}

TEST_CASE("an item that is deleted is in no message any more, and the others stay") {
  const auto items = identified(some);
  const auto messages = messages_of(items);
  for (const auto& gone : items) {
    CAPTURE(gone.id);
    auto left = ids_of(items);
    std::erase(left, gone.id);
    CHECK(ids_of(items_of(without_item(messages, conversation, gone.id), conversation)) == left);
  }
  CHECK(texts_of(without_item(messages, conversation, items[3].id)) ==
        strings{"system: be brief", "user: one", "assistant: ", "tool: three", "user: four"});
  CHECK(texts_of(without_item(messages, conversation, items[0].id)).front() == "user: one");
  CHECK(texts_of(without_item(messages, conversation, "id_none")) == texts_of(messages));
}

TEST_CASE("a branch has the items up to one of them") {
  const auto items = identified(some);
  const auto messages = messages_of(items);
  for (std::size_t n = 0; n < items.size(); ++n) {
    const auto branch = up_to_item(messages, conversation, items[n].id);
    const auto ids = ids_of(items);
    // Reasoning belongs to the answer behind it.
    const auto expected = items[n].type == "reasoning" ? n : n + 1;
    CHECK(ids_of(items_of(branch, conversation)) ==
          strings(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(expected)));
  }
}

TEST_CASE("instructions are the prompt without its items, which join it") {
  std::vector<message> messages{{role::system, "be kind"}, {role::user, "one"}};
  CHECK(instructions_of(messages) == "be kind");
  messages = with_items(std::move(messages), identified(R"([{"role":"developer","content":"a"}])"));
  auto second = identified(R"([{"role":"system","content":"b"}])");
  second.front().id = "id_second";
  messages = with_items(std::move(messages), second);
  CHECK(texts_of(messages) == strings{"system: be kind\n\na\n\nb", "user: one"});
  CHECK(instructions_of(messages) == "be kind");
  CHECK(ids_of(items_of(messages, conversation)).front() == "id_0");
  messages = without_item(messages, conversation, "id_0");
  CHECK(texts_of(messages).front() == "system: be kind\n\nb");
  CHECK(instructions_of({}).empty());
}
