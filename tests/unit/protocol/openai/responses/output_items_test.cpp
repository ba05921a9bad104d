#include "protocol/openai/responses/output_items.hpp"
#include "protocol/text/json.hpp"
#include "tests/unit/protocol/openai/responses/answer_pieces.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai::responses;
using namespace nekod::test;
using strings = std::vector<std::string>;

namespace {

strings json_of(const std::vector<finished_item>& items) {
  strings all;
  for (const auto& item : items)
    all.push_back(item.json);
  return all;
}

output_items items_for(reasoning_form reasoning = reasoning_form::text,
                       const tool_bridge& bridge = {}) {
  return {"resp_x", reasoning, bridge};
}

/// The items of an answer of members.
strings items_of(const strings& pieces, const std::string& reason = "stop",
                 const tool_bridge& bridge = {}, reasoning_form reasoning = reasoning_form::text) {
  auto items = items_for(reasoning, bridge);
  for (const auto& piece : pieces)
    items.take(deltas::form::members, piece);
  items.end(ending(reason));
  return json_of(items.take_result(7).output);
}

std::string message(const std::string& id, const std::string& status, const std::string& text) {
  return R"({"id":")" + id + R"(","type":"message","status":")" + status +
         R"(","role":"assistant","content":[{"type":"output_text","text":)" + json::quote(text) +
         R"(,"annotations":[],"logprobs":[]}]})";
}

std::string call(const std::string& id, const std::string& call_id, const std::string& name,
                 const std::string& arguments, const std::string& status = "completed") {
  return R"({"id":")" + id + R"(","type":"function_call","status":")" + status +
         R"(","call_id":")" + call_id + R"(","name":")" + name + R"(","arguments":)" +
         json::quote(arguments) + "}";
}

tool_bridge bridge() {
  tool_bridge b;
  b.add("apply_patch", {client_tool::kind::custom, "apply_patch", ""});
  b.add("files__read", {client_tool::kind::function, "read", "files"});
  b.add("files__edit", {client_tool::kind::custom, "edit", "files"});
  return b;
}

} // namespace

TEST_CASE("an answer of text is one message") {
  auto items = items_for();
  items.take(deltas::form::text, "你好\n\"");
  items.take(deltas::form::text, "猫\"");
  items.end(chat::finish_reason::stop);
  const auto result = items.take_result(7);
  CHECK(result.status == response_status::completed);
  CHECK(result.completed_at == 7);
  CHECK(result.usage == token_usage{});
  REQUIRE(result.output.size() == 1);
  CHECK(result.output[0].id == "msg_x00");
  CHECK(result.output[0].type == "message");
  CHECK(result.output[0].json == message("msg_x00", "completed", "你好\n\"猫\""));
}

TEST_CASE("reasoning, text and calls are items in the order of the answer") {
  CHECK(items_of({said("hm", "reasoning_content"), said("m", "reasoning"), said("Hi"),
                  call_begins(0, "c1", "f", "{\"a\""), call_goes_on(0, ":1}"),
                  call_begins(1, "c2", "g", "{}")},
                 "tool_calls") ==
        strings{R"({"id":"rs_x00","type":"reasoning","status":"completed","summary":[],)"
                R"("content":[{"type":"reasoning_text","text":"hmm"}]})",
                message("msg_x01", "completed", "Hi"), call("fc_x02", "c1", "f", R"({"a":1})"),
                call("fc_x03", "c2", "g", "{}")});
}

TEST_CASE("reasoning is a summary for a client that asked for one") {
  CHECK(items_of({said("hm", "reasoning"), said("Hi")}, "stop", {}, reasoning_form::summary) ==
        strings{R"({"id":"rs_x00","type":"reasoning","status":"completed",)"
                R"("summary":[{"type":"summary_text","text":"hm"}],"content":[]})",
                message("msg_x01", "completed", "Hi")});
}

TEST_CASE("a refusal is a part of the message") {
  CHECK(items_of({said("a"), said("no", "refusal")}) ==
        strings{R"({"id":"msg_x00","type":"message","status":"completed","role":"assistant",)"
                R"("content":[{"type":"output_text","text":"a","annotations":[],"logprobs":[]},)"
                R"({"type":"refusal","refusal":"no"}]})"});
}

TEST_CASE("an answer without content has one message with an empty text") {
  CHECK(items_of({}) == strings{message("msg_x00", "completed", "")});
  CHECK(items_of({said("")}, "length") == strings{message("msg_x00", "incomplete", "")});
  CHECK(items_of({said("hm", "reasoning")}).back() == message("msg_x01", "completed", ""));
  CHECK(items_of({said("hm", "reasoning")}, "length") ==
        strings{R"({"id":"rs_x00","type":"reasoning","status":"incomplete","summary":[],)"
                R"("content":[{"type":"reasoning_text","text":"hm"}]})"});
}

TEST_CASE("an empty text beside calls is no message") {
  CHECK(items_of({said(""), call_begins(0, "c", "f", "{}")}) ==
        strings{call("fc_x00", "c", "f", "{}")});
}

TEST_CASE("the last item of an answer that is cut is incomplete") {
  auto items = items_for();
  items.take(deltas::form::members, said("hm", "reasoning"));
  items.take(deltas::form::members, said("Hi"));
  items.end(ending("length"));
  const auto result = items.take_result(7);
  CHECK(result.status == response_status::incomplete);
  CHECK(result.incomplete_reason == "max_output_tokens");
  CHECK_FALSE(result.completed_at);
  CHECK(result.usage == token_usage{3, 0, 0, 4, 0, 7});
  REQUIRE(result.output.size() == 2);
  CHECK(result.output[0].json.find(R"("status":"completed")") != std::string::npos);
  CHECK(result.output[1].json == message("msg_x01", "incomplete", "Hi"));

  auto filtered = items_for();
  filtered.end(chat::finish_reason::content_filter);
  CHECK(filtered.take_result(7).incomplete_reason == "content_filter");
}

TEST_CASE("the finish reasons of any server by which an answer broke off make it incomplete") {
  struct {
    const char* finish;
    const char* reason;
  } const table[] = {
      {"length", "max_output_tokens"},
      {"max_tokens", "max_output_tokens"},
      {"MAX_TOKENS", "max_output_tokens"},
      {"content_filter", "content_filter"},
      {"sensitive", "content_filter"},
      {"SAFETY", "content_filter"},
      {"error", "interrupted"},
      {"abort", "interrupted"},
      {"insufficient_system_resource", "interrupted"},
      {"stop", ""},
      {"tool_calls", ""},
      {"tool_use", ""},
      {"STOP", ""},
  };
  for (const auto& row : table) {
    CAPTURE(row.finish);
    auto items = items_for();
    items.take(deltas::form::members, said("Hi"));
    items.end(ending(row.finish));
    const auto result = items.take_result(7);
    const auto cut = *row.reason != '\0';
    CHECK(result.status == (cut ? response_status::incomplete : response_status::completed));
    CHECK(result.incomplete_reason == row.reason);
    CHECK(result.output.back().json == message("msg_x00", cut ? "incomplete" : "completed", "Hi"));
  }
}

TEST_CASE("a cut call is incomplete, also one that others wait behind") {
  CHECK(items_of({call_begins(0, "c1", "f", "{"), call_begins(1, "c2", "g", "{\"b\":")},
                 "length") == strings{call("fc_x00", "c1", "f", "{", "incomplete"),
                                      call("fc_x01", "c2", "g", "{\"b\":", "incomplete")});
}

TEST_CASE("calls whose pieces alternate are told apart") {
  CHECK(items_of({call_begins(0, "c1", "f", "{\"a"), call_begins(1, "c2", "g", "{\"b"),
                  call_goes_on(0, "\":"), call_goes_on(1, "\":2"), call_goes_on(0, "1}"),
                  call_goes_on(1, "}")}) ==
        strings{call("fc_x00", "c1", "f", R"({"a":1})"), call("fc_x01", "c2", "g", R"({"b":2})")});
}

TEST_CASE("text behind a call waits for the call's end") {
  CHECK(items_of({call_begins(0, "c1", "f", "{"), said("a"), call_goes_on(0, "}"), said("b")}) ==
        strings{call("fc_x00", "c1", "f", "{}"), message("msg_x01", "completed", "ab")});
}

TEST_CASE("a brace within a text of the arguments does not end a call") {
  CHECK(items_of({call_begins(0, "c1", "f", R"({"a":"\"}{)"), call_begins(1, "c2", "g", "{}"),
                  call_goes_on(0, R"("})")}) ==
        strings{call("fc_x00", "c1", "f", R"({"a":"\"}{"})"), call("fc_x01", "c2", "g", "{}")});
}

TEST_CASE("a call without a name, or with the id of another, still has an item of its own") {
  CHECK(items_of({chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]})")}) ==
        strings{call("fc_x00", "call_fc_x00", "", "{}")});
  CHECK(items_of({call_begins(0, "c", "f", "{}"), call_begins(1, "c", "g", "{}")}) ==
        strings{call("fc_x00", "c", "f", "{}"), call("fc_x01", "call_fc_x01", "g", "{}")});
}

TEST_CASE("a call's name may come behind its arguments' first piece") {
  CHECK(items_of({chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"arguments":"{"}}]})"),
                  chunk(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]})"),
                  chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]})")}) ==
        strings{call("fc_x00", "c", "f", "{}")});
}

TEST_CASE("functions that stand for other tools become those") {
  CHECK(items_of({call_begins(0, "c1", "apply_patch", R"({"input":"*** \)"),
                  call_goes_on(0, R"(n\u00e9"})"), call_begins(1, "c2", "files__read", "{}"),
                  call_begins(2, "c3", "files__edit", "no json")},
                 "stop", bridge()) ==
        strings{R"({"id":"ctc_x00","type":"custom_tool_call","status":"completed",)"
                R"("call_id":"c1","name":"apply_patch","input":"*** \n\u00e9"})",
                R"({"id":"fc_x01","type":"function_call","status":"completed","call_id":"c2",)"
                R"("name":"read","namespace":"files","arguments":"{}"})",
                R"({"id":"ctc_x02","type":"custom_tool_call","status":"completed",)"
                R"("call_id":"c3","name":"edit","namespace":"files","input":"no json"})"});
}

TEST_CASE("a whole answer makes the items that its stream makes") {
  const auto streamed = items_of({said("hm", "reasoning_content"), said("Hi"),
                                  call_begins(0, "c1", "f", "{}"), call_begins(1, "c2", "g")});
  auto items = items_for();
  chat::answer_end whole;
  whole.rest.push_back(
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi",)"
      R"("reasoning_content":"hm","tool_calls":[)"
      R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
      R"({"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},)"
      R"("finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":1})");
  items.end(whole);
  CHECK(json_of(items.take_result(7).output) == streamed);
}

TEST_CASE("what has not ended is incomplete if the answer breaks off") {
  auto items = items_for();
  items.take(deltas::form::members, said("hm", "reasoning"));
  items.take(deltas::form::members, said("a"));
  items.break_off();
  const auto left = items.take_items();
  REQUIRE(left.size() == 2);
  CHECK(left[1].json == message("msg_x01", "incomplete", "a"));
}

TEST_CASE("log probabilities are kept with their text") {
  const auto with = [](const std::string& text) {
    return R"("choices":[{"index":0,"delta":{"content":")" + text +
           R"("},"logprobs":{"content":[{"token":")" + text + R"("}]},"finish_reason":null}])";
  };
  CHECK(items_of({with("a"), with("b")})
            .front()
            .find(R"("text":"ab","annotations":[],"logprobs":[{"token":"a"},{"token":"b"}])") !=
        std::string::npos);
}
