#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;
using test::items_of;
using test::request_with;

using strings = std::vector<std::string>;

namespace {

chat::request composed(std::string_view history, std::string_view input,
                       std::string_view instructions = {}) {
  CAPTURE(input);
  create_request asked;
  const auto before = items_of(history);
  const auto own = items_of(input);
  auto r = compose(asked, before, own, instructions, telling::whole);
  REQUIRE_MESSAGE(r, test::in_words(r.error()));
  // Whatever is composed, there is one message in the body for each of the request's.
  const auto spans = openai::message_spans(*r);
  REQUIRE(spans.size() == r->messages.size());
  for (const auto& span : spans)
    CHECK_FALSE(span.empty());
  return *std::move(r);
}

/// The messages of the body for the items *input*, without their brackets.
std::string told(std::string_view input, std::string_view instructions = {}) {
  const auto r = composed("[]", input, instructions);
  auto span = std::string{openai::messages_span(r)};
  return span.substr(1, span.size() - 2);
}

chat::request whole(std::string_view members) {
  const auto asked = request_with(members);
  auto r = compose(asked, {}, asked.input, asked.instructions.value_or(""), telling::whole);
  REQUIRE_MESSAGE(r, test::in_words(r.error()));
  return *std::move(r);
}

constexpr std::string_view hi = R"({"role":"user","content":"hi"})";

} // namespace

TEST_CASE("messages keep their roles and their text") {
  CHECK(told(R"([{"role":"user","content":"a"},
                 {"role":"assistant","content":[{"type":"output_text","text":"b"}]},
                 {"role":"user","content":[{"type":"input_text","text":"c"},
                                           {"type":"input_text","text":"d"}]}])") ==
        R"({"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
        R"({"role":"user","content":"c\nd"})");
  CHECK(told(R"("hi")") == hi);
  CHECK(told(R"([{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
                 {"role":"user","content":"hi"}])") ==
        R"({"role":"assistant","content":"no"},)" + std::string{hi});
}

TEST_CASE("instructions and all system texts are one message at the beginning") {
  CHECK(told(R"([{"role":"developer","content":"b"},{"role":"user","content":"hi"},
                 {"role":"system","content":"c"}])",
             "a") == R"({"role":"system","content":"a\n\nb\n\nc"},)" + std::string{hi});
  CHECK(told(R"([{"role":"developer","content":"b"},{"role":"user","content":"hi"}])") ==
        R"({"role":"system","content":"b"},)" + std::string{hi});
  CHECK(told(R"("hi")", "") == hi);
}

TEST_CASE("an instruction between a call and its output parts nothing") {
  CHECK(told(R"([{"role":"user","content":"hi"},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"role":"developer","content":"d"},
    {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"1"},
    {"type":"function_call_output","call_id":"c2","output":"2"}])") ==
        R"({"role":"system","content":"d"},)" + std::string{hi} +
            R"(,{"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"1"},)"
            R"({"role":"tool","tool_call_id":"c2","content":"2"})");
}

TEST_CASE("parallel calls are one message with the text before them, outputs in the calls' order") {
  CHECK(told(R"([{"role":"user","content":"hi"},{"role":"assistant","content":"let me see"},
    {"type":"function_call","id":"fc_1","call_id":"call_a","name":"f","arguments":"{\"x\": 1}"},
    {"type":"function_call","id":"fc_2","call_id":"call_b","name":"g","arguments":""},
    {"type":"function_call_output","id":"fco_2","call_id":"call_b","output":"B"},
    {"type":"function_call_output","id":"fco_1","call_id":"call_a","output":"A"},
    {"role":"user","content":"thanks"}])") ==
        std::string{hi} +
            R"(,{"role":"assistant","content":"let me see","tool_calls":[)"
            R"({"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},)"
            R"({"id":"call_b","type":"function","function":{"name":"g","arguments":""}}]},)"
            R"({"role":"tool","tool_call_id":"call_a","content":"A"},)"
            R"({"role":"tool","tool_call_id":"call_b","content":"B"},)"
            R"({"role":"user","content":"thanks"})");
}

TEST_CASE("calls one after the other are messages one after the other") {
  CHECK(told(R"([{"role":"user","content":"hi"},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"1"},
    {"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c2","output":"2"},
    {"role":"assistant","content":"done"},{"role":"assistant","content":"really"}])") ==
        std::string{hi} +
            R"(,{"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"1"},)"
            R"({"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c2","content":"2"},)"
            R"({"role":"assistant","content":"done"},{"role":"assistant","content":"really"})");
}

TEST_CASE("an output that comes late goes up right after its call") {
  CHECK(told(R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"role":"user","content":"hi"},
    {"type":"function_call_output","call_id":"c1","output":"1"}])") ==
        R"({"role":"assistant","content":null,"tool_calls":[)"
        R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"c1","content":"1"},)" +
            std::string{hi});
}

TEST_CASE("text after a call and before its output belongs to the same answer") {
  CHECK(told(R"([{"role":"user","content":"hi"},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"role":"assistant","content":"wait"},
    {"type":"function_call_output","call_id":"c1","output":"1"}])") ==
        std::string{hi} +
            R"(,{"role":"assistant","content":"wait","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"1"})");
}

TEST_CASE("images of outputs follow in a message of the user") {
  const auto r = composed("[]", R"([{"role":"user","content":"hi"},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"shot"},
      {"type":"input_image","image_url":"data:1"}]},
    {"type":"function_call_output","call_id":"c2","output":[{"type":"input_image","image_url":"data:2"}]}])");
  const auto span = std::string{openai::messages_span(r)};
  CHECK(span.ends_with(
      R"({"role":"tool","tool_call_id":"c1","content":"shot\n[See the next message of the user.]"},)"
      R"({"role":"tool","tool_call_id":"c2","content":"[See the next message of the user.]"},)"
      R"({"role":"user","content":[{"type":"text","text":"From the output of c1:"},)"
      R"({"type":"image_url","image_url":{"url":"data:1"}},)"
      R"({"type":"text","text":"From the output of c2:"},)"
      R"({"type":"image_url","image_url":{"url":"data:2"}}]}])"));
  CHECK(r.demands == strings{"input[3].output[1]", "input[4].output[0]"});
}

TEST_CASE("reasoning goes with the next assistant message") {
  const std::string thought = R"({"type":"reasoning","summary":[{"type":"summary_text","text":"s"}],
                                  "content":[{"type":"reasoning_text","text":"t"}]})";
  CHECK(told("[" + std::string{hi} + "," + thought + R"(,{"role":"assistant","content":"b"}])") ==
        std::string{hi} + R"(,{"role":"assistant","content":"b","reasoning_content":"t"})");
  CHECK(told("[" + std::string{hi} + "," + thought + R"(,
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"1"}])")
            .find(R"({"role":"assistant","content":null,"reasoning_content":"t","tool_calls")") !=
        std::string::npos);
}

TEST_CASE("reasoning without content goes up as its summary") {
  CHECK(told(R"([{"role":"user","content":"hi"},{"type":"reasoning","content":null,
    "summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]},
    {"role":"assistant","content":"c"}])") ==
        std::string{hi} + R"(,{"role":"assistant","content":"c","reasoning_content":"a\n\nb"})");
}

TEST_CASE("reasoning that belongs to no answer is left out") {
  const std::string thought =
      R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"t"}]})";
  CHECK(told("[" + thought + "," + std::string{hi} + R"(,{"role":"assistant","content":"b"}])") ==
        std::string{hi} + R"(,{"role":"assistant","content":"b"})");
  CHECK(told("[" + std::string{hi} + "," + thought + "]") == hi);
  CHECK(told(R"([{"role":"user","content":"hi"},{"type":"reasoning","id":"rs_1","summary":[]},
                 {"role":"assistant","content":"b"}])") ==
        std::string{hi} + R"(,{"role":"assistant","content":"b"})");
}

TEST_CASE("reasoning between parallel calls does not part them") {
  CHECK(told(R"([{"role":"user","content":"hi"},
    {"type":"reasoning","content":[{"type":"reasoning_text","text":"a"}]},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"reasoning","content":[{"type":"reasoning_text","text":"b"}]},
    {"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"1"},
    {"type":"function_call_output","call_id":"c2","output":"2"}])")
            .find(R"("reasoning_content":"a\n\nb","tool_calls":[{"id":"c1","type":"function",)"
                  R"("function":{"name":"f","arguments":"{}"}},{"id":"c2")") != std::string::npos);
}

TEST_CASE("custom and hosted calls go up as functions") {
  const auto messages = told(R"([{"role":"user","content":"hi"},
    {"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** \"x\""},
    {"type":"custom_tool_call_output","call_id":"c1","output":"ok"},
    {"type":"function_call","call_id":"c2","name":"tool","namespace":"ns","arguments":"{}"},
    {"type":"function_call_output","call_id":"c2","output":"ok"},
    {"type":"local_shell_call","id":"lsh_1","call_id":"c3","action":{"command":["ls"]}},
    {"type":"local_shell_call_output","id":"c3","output":"files"},
    {"type":"web_search_call","id":"ws_1","action":{}},{"type":"mcp_list_tools","tools":[]},
    {"type":"compaction_trigger"}])");
  CHECK(messages.find(
            R"("function":{"name":"apply_patch","arguments":"{\"input\":\"*** \\\"x\\\"\"}"})") !=
        std::string::npos);
  CHECK(messages.find(R"("function":{"name":"ns__tool","arguments":"{}"})") != std::string::npos);
  CHECK(messages.find(
            R"("function":{"name":"local_shell","arguments":"{\"type\":\"local_shell_call\",)"
            R"(\"call_id\":\"c3\",\"action\":{\"command\":[\"ls\"]}}"})") != std::string::npos);
  CHECK(messages.ends_with(
      R"({"role":"tool","tool_call_id":"c3","content":"{\"type\":)"
      R"(\"local_shell_call_output\",\"call_id\":\"c3\",\"output\":\"files\"}"})"));
}

TEST_CASE("an answer of nothing is left out") {
  CHECK(told(R"([{"role":"user","content":"hi"},{"role":"assistant","content":""},
                 {"role":"assistant","content":null},{"role":"user","content":"hello?"}])") ==
        std::string{hi} + R"(,{"role":"user","content":"hello?"})");
}

TEST_CASE("the input may end with an assistant message") {
  const auto r =
      composed("[]", R"([{"role":"user","content":"hi"},{"role":"assistant","content":"b"}])");
  CHECK(r.messages.back().speaker == chat::role::assistant);
  CHECK_FALSE(r.objection);
}

TEST_CASE("messages are read as the chat door reads them") {
  const auto r = composed("[]", R"([{"role":"user","content":[{"type":"input_text","text":"look"},
      {"type":"input_image","image_url":"data:1"}]},
    {"type":"custom_tool_call","call_id":"c1","name":"f","input":"x"},
    {"type":"custom_tool_call_output","call_id":"c1","output":"1"}])",
                          "be brief");
  REQUIRE(r.messages.size() == 4);
  const auto spans = openai::message_spans(r);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto read = openai::parse_message(spans[i]);
    REQUIRE(read);
    CHECK(chat::say_the_same(*read, r.messages[i]));
  }
  CHECK(r.messages[0].speaker == chat::role::system);
  CHECK(r.messages[1].text == "look");
  CHECK(r.messages[2].more == "call=\"c1\"\nname=\"f\"\narguments={\"input\":\"x\"}\n");
  CHECK(r.demands == strings{"input[0].content[1]"});
}

TEST_CASE("the history is told first, and what it has is not told twice") {
  const auto r = composed(R"([{"role":"user","content":"hi"},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}])",
                          R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"c1","output":"1"}])");
  CHECK(openai::messages_span(r) ==
        "[" + std::string{hi} +
            R"(,{"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"1"}])");
  CHECK_FALSE(r.objection);
}

TEST_CASE("a chain of tool calls over three turns keeps every call and output") {
  const auto history = R"([{"role":"user","content":"hi"},
    {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"function_call_output","id":"fco_1","call_id":"c1","output":"1"},
    {"type":"function_call","id":"fc_2","call_id":"c2","name":"f","arguments":"{}"}])";
  const auto r =
      composed(history, R"([{"type":"function_call_output","call_id":"c2","output":"2"}])");
  REQUIRE(r.messages.size() == 5);
  const chat::role roles[] = {chat::role::user, chat::role::assistant, chat::role::tool,
                              chat::role::assistant, chat::role::tool};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(r.messages[i].speaker == roles[i]);
  CHECK(r.messages[4].text == "2");
}

TEST_CASE("an image of the history is a demand of the input") {
  auto history =
      items_of(R"([{"role":"user","content":[{"type":"input_image","image_url":"u"}]}])");
  for (auto& i : history)
    i.place.clear();
  const auto own = items_of(R"("hi")");
  const auto r = compose({}, history, own, {});
  REQUIRE(r);
  CHECK(r->demands == strings{"input"});
}

TEST_CASE("the body has the parameters in the form of chat completions") {
  const auto r = whole(R"("model":"m","instructions":"i","temperature":0.5,"stream":true,
    "max_output_tokens":9,"tools":[{"type":"function","name":"f"}],"store":false,"session_id":"s",
    "text":{"verbosity":"low","format":{"type":"json_object"}},"metadata":{"a":"b"})");
  CHECK(r.body == R"({"messages":[{"role":"system","content":"i"},{"role":"user","content":"hi"}],)"
                  R"("model":"m","temperature":0.5,"response_format":{"type":"json_object"},)"
                  R"("tools":[{"type":"function","function":{"name":"f"}}],)"
                  R"("stream":true,"stream_options":{"include_usage":true}})");
  CHECK(r.model == "m");
  CHECK(r.session_id == "s");
  CHECK(r.stream);
  CHECK(r.include_usage);
  CHECK(r.choices == 1);
  CHECK(r.limits.pieces == 9);
  CHECK(r.tuning == strings{"temperature", "tools"});
  CHECK(r.demands == strings{"text.format"});
  CHECK(openai::upstream_body(r, "other", openai::messages_span(r))
            .starts_with(R"({"model":"other","messages":[{"role":"system")"));
}

TEST_CASE("what servers name differently goes up beside the body") {
  const auto r =
      whole(R"("max_output_tokens":9,"text":{"verbosity":"low"},"prompt_cache_key":"k")");
  CHECK(r.body == R"({"messages":[{"role":"user","content":"hi"}]})");
  CHECK(r.beside.tuning_of_openai == strings{"text.verbosity"});
  const auto sent = [&](const openai::server_form& server) {
    return openai::upstream_body(r, "m", "[]", server);
  };
  CHECK(sent({}) == R"({"model":"m","messages":[],"max_completion_tokens":9})");
  openai::server_form other;
  other.token_limit = "max_tokens";
  CHECK(sent(other) == R"({"model":"m","messages":[],"max_tokens":9})");
  other.is_openai = true;
  CHECK(sent(other) ==
        R"({"model":"m","messages":[],"verbosity":"low","prompt_cache_key":"k","max_tokens":9})");
}

TEST_CASE("without words of a user only an upstream that reads requests itself is asked") {
  for (const auto* input : {R"("input":"")", R"("input":[{"role":"user","content":" \n"}])",
                            R"("input":[],"instructions":"tell a joke")",
                            R"("input":[{"role":"assistant","content":"a"}])"}) {
    CAPTURE(input);
    const auto r = whole(input);
    REQUIRE(r.objection);
    CHECK(test::in_words(*r.objection) == "no_user_message input: ");
  }
  CHECK_FALSE(
      whole(R"("input":[{"role":"user","content":[{"type":"input_image","image_url":"u"}]}])")
          .objection);
}

TEST_CASE("a request that tells nothing is refused") {
  const auto r = compose({}, {}, {}, {});
  REQUIRE_FALSE(r);
  CHECK(test::in_words(r.error()) == "missing_required_parameter input: ");
}

TEST_CASE("a call without its output is refused") {
  const auto own = items_of(R"([{"role":"user","content":"hi"},
    {"type":"function_call","call_id":"call_9","name":"f","arguments":"{}"}])");
  const auto r = compose({}, {}, own, {});
  REQUIRE_FALSE(r);
  CHECK(test::in_words(r.error()) ==
        "invalid_value input: no tool output found for function call `call_9`");
}
