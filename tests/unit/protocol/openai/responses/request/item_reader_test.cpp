#include "protocol/openai/responses/request/item_reader.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;
using test::items_of;
using test::refusal_of_items;

namespace {

std::string canonical(std::string_view item) {
  return items_of("[" + std::string{item} + "]").at(0).json;
}

} // namespace

TEST_CASE("a string is one user message") {
  const auto items = items_of(R"("hi")");
  REQUIRE(items.size() == 1);
  CHECK(items[0].kind == item_kind::message);
  CHECK(items[0].speaker == chat::role::user);
  CHECK(items[0].id.empty());
  CHECK(items[0].json == R"({"type":"message","status":"completed","role":"user",)"
                         R"("content":[{"type":"input_text","text":"hi"}]})");
}

TEST_CASE("an item without a type is a message or a reference") {
  const auto items = items_of(R"([{"role":"user","content":"a"},{"type":null,"id":"msg_1"},
                                 {"id":"msg_2"},{"type":null,"role":"assistant","content":"b"}])");
  REQUIRE(items.size() == 4);
  CHECK(items[0].type == "message");
  CHECK(items[1].type == "item_reference");
  CHECK(items[1].kind == item_kind::reference);
  CHECK(items[1].id == "msg_1");
  CHECK(items[1].place == "input[1]");
  CHECK(items[2].id == "msg_2");
  CHECK(items[3].speaker == chat::role::assistant);
  CHECK(refusal_of_items("[{}]") == "missing_required_parameter input[0].type: ");
}

TEST_CASE("each item is brought into its canonical form") {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"content":"a","role":"system","name":"n"})",
       R"({"type":"message","status":"completed","role":"system",)"
       R"("content":[{"type":"input_text","text":"a"}],"name":"n"})"},
      {R"({"type":"message","role":"assistant","content":"a","phase":"commentary","id":"msg_1"})",
       R"({"type":"message","status":"completed","role":"assistant","content":)"
       R"([{"type":"output_text","text":"a","annotations":[],"logprobs":[]}],"phase":"commentary"})"},
      {R"({"type":"message","role":"assistant","content":null,"status":"incomplete"})",
       R"({"type":"message","status":"incomplete","role":"assistant","content":[]})"},
      {R"({"arguments":"{}","call_id":"call_1","name":"f","type":"function_call","status":null})",
       R"({"type":"function_call","status":"completed","call_id":"call_1","name":"f","arguments":"{}"})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":"","namespace":"ns","id":"fc_1"})",
       R"({"type":"function_call","status":"completed","call_id":"c","name":"f","namespace":"ns","arguments":""})"},
      {R"({"type":"function_call_output","call_id":"c","output":"done"})",
       R"({"type":"function_call_output","status":"completed","call_id":"c","output":"done"})"},
      {R"({"type":"function_call_output","call_id":"c","output":{"a":1}})",
       R"({"type":"function_call_output","status":"completed","call_id":"c","output":"{\"a\":1}"})"},
      {R"({"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"a"}]})",
       R"({"type":"function_call_output","status":"completed","call_id":"c",)"
       R"("output":[{"type":"input_text","text":"a"}]})"},
      {R"({"type":"custom_tool_call","call_id":"c","name":"apply_patch","input":"*** Begin"})",
       R"({"type":"custom_tool_call","status":"completed","call_id":"c","name":"apply_patch",)"
       R"("input":"*** Begin"})"},
      {R"({"type":"custom_tool_call_output","call_id":"c","output":"ok"})",
       R"({"type":"custom_tool_call_output","status":"completed","call_id":"c","output":"ok"})"},
      {R"({"type":"compaction","encrypted_content":"x"})",
       R"({"type":"compaction","encrypted_content":"x"})"},
      {R"({"type":"compaction_trigger"})", R"({"type":"compaction_trigger"})"},
      {R"({"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search"}})",
       R"({"type":"web_search_call","status":"completed","action":{"type":"search"}})"},
      {R"({"type":"local_shell_call_output","id":"call_1","output":"x"})",
       R"({"type":"local_shell_call_output","call_id":"call_1","output":"x"})"},
      {R"({"type":"mcp_call","id":"mcp_1","name":"t","arguments":"{}","error":null,"output":"x"})",
       R"({"type":"mcp_call","name":"t","arguments":"{}","output":"x"})"},
      {R"({"type":"from_the_future","a":1,"a":2})", R"({"type":"from_the_future","a":1})"},
  };
  for (const auto& [sent, kept] : rows) {
    CAPTURE(sent);
    CHECK(canonical(sent) == kept);
  }
}

TEST_CASE("reasoning is accepted in any form") {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"type":"reasoning","id":"rs_1","summary":[]})", R"({"type":"reasoning","summary":[]})"},
      {R"({"type":"reasoning"})", R"({"type":"reasoning","summary":[]})"},
      {R"({"type":"reasoning","summary":null,"content":null,"encrypted_content":null})",
       R"({"type":"reasoning","summary":[]})"},
      {R"({"type":"reasoning","summary":[],"content":[]})",
       R"({"type":"reasoning","summary":[],"content":[]})"},
      {R"({"type":"reasoning","summary":"odd","encrypted_content":"foreign"})",
       R"({"type":"reasoning","summary":[],"encrypted_content":"foreign"})"},
  };
  for (const auto& [sent, kept] : rows) {
    CAPTURE(sent);
    CHECK(canonical(sent) == kept);
  }
}

TEST_CASE("an id is kept, or left to be made") {
  const auto items = items_of(R"([{"role":"user","content":"a","id":"msg_0190-a"},
    {"role":"user","content":"a","id":null},{"role":"user","content":"a","id":"a b"},
    {"role":"user","content":"a"}])");
  CHECK(items.at(0).id == "msg_0190-a");
  for (std::size_t i = 1; i < 4; ++i)
    CHECK(items.at(i).id.empty());
  CHECK(refusal_of_items(R"([{"role":"user","content":"a","id":1}])") ==
        "invalid_type input[0].id: expected a string");
}

TEST_CASE("a call id is kept byte for byte, and the item's id is none") {
  const auto items = items_of(R"([{"type":"function_call","id":"fc_1","call_id":" call/1\t",
                                   "name":"f","arguments":"{}"}])");
  CHECK(items.at(0).call_id == " call/1\t");
  CHECK(items.at(0).id == "fc_1");
}

TEST_CASE("an incomplete item is known as such") {
  CHECK(items_of(R"([{"type":"function_call","call_id":"c","name":"f","arguments":"{",
                     "status":"incomplete"}])")
            .at(0)
            .incomplete);
}

TEST_CASE("of members with the same name only the first counts, even if it is null") {
  const auto items = items_of(R"([{"type":"shell_call","call_id":null,"call_id":"1",
                                   "status":null,"status":"incomplete"}])");
  const auto& first = items.at(0);
  CHECK(first.call_id.empty());
  CHECK_FALSE(first.incomplete);
  CHECK(first.json == R"({"type":"shell_call"})");
}

TEST_CASE("a malformed item is refused by its place") {
  const std::pair<const char*, const char*> rows[] = {
      {"7", "invalid_type input: expected a string or an array of items"},
      {"{}", "invalid_type input: expected a string or an array of items"},
      {R"([{"role":"user","content":"a"},7])", "invalid_type input[1]: expected an object"},
      {R"([{"type":7}])", "invalid_type input[0].type: expected a string"},
      {R"([{"type":"message","content":"a"}])", "missing_required_parameter input[0].role: "},
      {R"([{"role":"tool","content":"a"}])",
       "invalid_value input[0].role: expected user, assistant, system or developer"},
      {R"([{"role":"User","content":"a"}])",
       "invalid_value input[0].role: expected user, assistant, system or developer"},
      {R"([{"role":"user"}])", "missing_required_parameter input[0].content: "},
      {R"([{"role":"user","content":null}])", "missing_required_parameter input[0].content: "},
      {R"([{"role":"user","content":7}])",
       "invalid_type input[0].content: expected a string or an array of parts"},
      {R"([{"type":"function_call","name":"f","arguments":"{}"}])",
       "missing_required_parameter input[0].call_id: "},
      {R"([{"type":"function_call","call_id":"","name":"f","arguments":"{}"}])",
       "invalid_value input[0].call_id: expected at least one character"},
      {R"([{"type":"function_call","call_id":"c","arguments":"{}"}])",
       "missing_required_parameter input[0].name: "},
      {R"([{"type":"function_call","call_id":"c","name":"f"}])",
       "missing_required_parameter input[0].arguments: "},
      {R"([{"type":"function_call","call_id":"c","name":"f","arguments":{}}])",
       "invalid_type input[0].arguments: expected a string"},
      {R"([{"type":"custom_tool_call","call_id":"c","name":"f"}])",
       "missing_required_parameter input[0].input: "},
      {R"([{"type":"function_call_output","output":"x"}])",
       "missing_required_parameter input[0].call_id: "},
      {R"([{"type":"function_call_output","call_id":"c","output":null}])",
       "missing_required_parameter input[0].output: "},
      {R"([{"type":"function_call_output","call_id":"c","output":[{"type":"input_text"}]}])",
       "missing_required_parameter input[0].output[0].text: "},
      {R"([{"type":"item_reference"}])", "missing_required_parameter input[0].id: "},
  };
  for (const auto& [sent, refusal] : rows) {
    CAPTURE(sent);
    CHECK(refusal_of_items(sent) == refusal);
  }
}

TEST_CASE("the number of items and of their parts is limited") {
  const auto refusal = [](std::string_view text) {
    const auto doc = json::parse(text);
    const auto r = read_items(doc.root, "items", 2);
    return r ? std::string{} : test::in_words(r.error());
  };
  const std::string message = R"({"role":"user","content":"a"})";
  CHECK(refusal("[" + message + "," + message + "]").empty());
  CHECK(refusal("[" + message + "," + message + "," + message + "]") ==
        "conversation_too_large items: at most 2 items, of 4 parts each on average");
  std::string parts;
  for (int i = 0; i < 9; ++i)
    parts += std::string{i == 0 ? "" : ","} + R"({"type":"input_text","text":"a"})";
  CHECK(refusal(R"([{"type":"function_call_output","call_id":"c","output":[)" + parts + "]}]")
            .starts_with("conversation_too_large"));
}
