#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_collector.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

/// An answer with that message, and with further members in its choice.
std::string body(const std::string& message,
                 const std::string& more = R"(,"finish_reason":"stop")") {
  return R"({"id":"x","choices":[{"index":0,"message":)" + message + more + "}]}";
}

std::string said(const whole_answer& a) {
  std::string out;
  append_message(out, a.said);
  return out;
}

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

/// What a client of a stream gets, put together again.
std::string collected(const strings& pieces) {
  answer_collector all;
  for (const auto& piece : pieces) {
    deltas d{deltas::form::members};
    d.push_back(piece);
    all.take(d);
  }
  return all.members();
}

} // namespace

TEST_CASE("a whole answer is passed on unchanged, and its message is kept whole") {
  const std::string answer =
      R"({"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
      R"("message":{"role":"assistant", "content":"meow","reasoning_content":"hm","refusal":null,)"
      R"("tool_calls":[],"odd":1.25},)"
      R"("finish_reason":"stop"}],"usage":{"total_tokens":3},"odd":[1]})";
  auto a = parse_whole_answer(answer);
  REQUIRE(a);
  CHECK(a->members == R"("choices":[{"index":0,"message":{"role":"assistant", "content":"meow",)"
                      R"("reasoning_content":"hm","refusal":null,"tool_calls":[],"odd":1.25},)"
                      R"("finish_reason":"stop"}],)"
                      R"("usage":{"total_tokens":3},"odd":[1])");
  CHECK(a->said.text == "meow");
  CHECK(a->said.json ==
        R"({"role":"assistant","content":"meow","reasoning_content":"hm","odd":1.25})");
}

TEST_CASE("missing members of a whole answer are filled in") {
  struct {
    std::string answer;
    const char* message;
    const char* reason;
  } const table[] = {
      {body(R"({"role":"assistant","content":"a"})", ""), R"({"role":"assistant","content":"a"})",
       "stop"},
      {body(R"({"role":"assistant","content":"a"})", R"(,"finish_reason":null)"),
       R"({"role":"assistant","content":"a"})", "stop"},
      {body(R"({"role":"assistant","content":"a"})", R"(,"finish_reason":"null")"),
       R"({"role":"assistant","content":"a"})", "stop"},
      {body(R"({"role":"assistant","content":"a"})", R"(,"finish_reason":"")"),
       R"({"role":"assistant","content":"a"})", "stop"},
      {body(R"({"content":"a"})"), R"({"content":"a","role":"assistant"})", "stop"},
      {body(R"({"role":null,"content":"a"})"), R"({"role":"assistant","content":"a"})", "stop"},
      {body(R"({"role":"user","content":"a"})"), R"({"role":"assistant","content":"a"})", "stop"},
      {body(R"({"role":"assistant"})"), R"({"role":"assistant","content":null})", "stop"},
      {R"({"choices":[{"message":{"role":"assistant","content":"a"},"delta":{"content":"a"}}]})",
       R"({"role":"assistant","content":"a"})", "stop"},
      {R"({"choices":[{"delta":{"content":"a"}}]})", R"({"content":"a","role":"assistant"})",
       "stop"},
      {R"({"choices":[{"text":"a","finish_reason":"length"}]})",
       R"({"content":"a","role":"assistant"})", "length"},
      {body(R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"),
       R"({"content":"ab","role":"assistant"})", "stop"},
      {body(R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f",)"
            R"("arguments":{"a":[1]}}}]})",
            ""),
       R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f",)"
       R"("arguments":"{\"a\":[1]}"},"type":"function"}]})",
       "tool_calls"},
      {body(R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
            R"("function":{"name":"f"}}]})"),
       R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
       R"("function":{"name":"f","arguments":"{}"}}]})",
       "stop"},
  };
  for (const auto& row : table) {
    CAPTURE(row.answer);
    auto a = parse_whole_answer(row.answer);
    REQUIRE(a);
    const auto doc = json::parse('{' + a->members + '}');
    const auto& choice = (*json::find(doc.root, "choices"))[0];
    CHECK(json::to_text(*json::find(choice, "message")) == row.message);
    CHECK(json::find_string(choice, "finish_reason") == row.reason);
    CHECK(json::find(choice, "delta") == nullptr);
    CHECK(json::integer_of(*json::find(choice, "index")) == 0);
    CHECK(a->said.speaker == chat::role::assistant);
  }
}

TEST_CASE(
    "reasoning in the parts of a whole answer reaches the client, and is sent back in parts") {
  auto a = parse_whole_answer(body(
      R"({"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
      R"({"type":"text","text":"It is "},{"type":"text","text":"4"}]})"));
  REQUIRE(a);
  CHECK(a->members.find(R"("content":"It is 4","reasoning_content":"hm")") != std::string::npos);
  CHECK(
      said(*a) ==
      R"({"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
      R"({"type":"text","text":"It is 4"}]})");
  CHECK(chat::say_the_same(a->said, chat::message{chat::role::assistant, "It is 4"}));
}

TEST_CASE("a call without an id gets one that the client and the next turn share") {
  auto a = parse_whole_answer(body(
      R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]})"));
  REQUIRE(a);
  const auto at = a->members.find("call_");
  REQUIRE(at != std::string::npos);
  CHECK(said(*a).find(a->members.substr(at, 21)) != std::string::npos);
}

TEST_CASE("bytes around a whole answer are skipped") {
  const auto answer = body(R"({"role":"assistant","content":"a"})");
  for (const auto& text : {"\xEF\xBB\xBF" + answer, " \r\n" + answer + "\n",
                           answer + "\n\ndata: [DONE]\n\n", answer + "data:[DONE]"}) {
    CAPTURE(text);
    auto a = parse_whole_answer(text);
    REQUIRE(a);
    CHECK(a->said.text == "a");
    CHECK(a->members.find("DONE") == std::string::npos);
  }
}

TEST_CASE("numbers that JSON does not have become null in a whole answer") {
  auto a = parse_whole_answer(
      body(R"({"role":"assistant","content":"NaN"})",
           R"(,"logprobs":{"content":[{"logprob":-Infinity}]},"finish_reason":"stop")"));
  REQUIRE(a);
  CHECK(a->said.text == "NaN");
  CHECK(a->members.find(R"({"logprob":null})") != std::string::npos);
}

TEST_CASE("an invalid whole answer is a failure") {
  for (const auto* text :
       {"", "[]", "<html>", "{}", "null", R"({"choices":[]})", R"({"error":{"message":"x"}})",
        R"({"choices":[{"finish_reason":"stop"}]})", R"({"choices":[5]})", R"({"choices":{}})",
        R"({"choices":[{"message":"a","finish_reason":"stop"}]})",
        R"({"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"})",
        R"({"choices":[{"message":{"content":"a"}}]}{"choices":[{"message":{"content":"a"}}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_whole_answer(text));
  }
  for (const auto* text :
       {R"({"error":{"message":"too long","code":400}})",
        R"([{"error":{"message":"too long","code":400}}])", R"({"code":400,"message":"too long"})",
        R"({"detail":{"message":"too long","code":400}})"}) {
    CAPTURE(text);
    auto failed = parse_whole_answer(text);
    REQUIRE_FALSE(failed);
    CHECK(message_of(failed.error(), language::en) == "too long");
  }
}

TEST_CASE("a whole answer becomes a stream, and the stream the same answer again") {
  const std::string choice =
      R"({"index":0,"message":{"role":"assistant","content":"a","reasoning_content":"hm","odd":[1],)"
      R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},)"
      R"({"id":"d","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
      R"("logprobs":{"content":[{"token":"a"}]},"finish_reason":"tool_calls"})";
  auto a = parse_whole_answer(
      R"({"id":"x","choices":[)" + choice +
      R"(,{"index":1,"message":{"role":"assistant","content":"b","refusal":null},)"
      R"("finish_reason":"length"}],"usage":{"total_tokens":3},"tier":"x"})");
  REQUIRE(a);
  auto s = streamed(*a, true);
  const auto chunks = pieces_of(s.chunks);
  CHECK(
      chunks ==
      strings{
          R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a",)"
          R"("reasoning_content":"hm","odd":[1],"tool_calls":[{"index":0,"id":"c","type":"function",)"
          R"("function":{"name":"f","arguments":"{}"}},{"index":1,"id":"d","type":"function",)"
          R"("function":{"name":"g","arguments":"{}"}}]},"logprobs":{"content":[{"token":"a"}]},)"
          R"("finish_reason":null}],"tier":"x")",
          R"("choices":[{"index":1,"delta":{"role":"assistant","content":"b"},)"
          R"("finish_reason":null}],"tier":"x")"});
  const auto rest = pieces_of(s.rest);
  CHECK(rest == strings{R"("choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}])",
                        R"("choices":[{"index":1,"delta":{},"finish_reason":"length"}])",
                        R"("choices":[],"usage":{"total_tokens":3})"});
  CHECK(pieces_of(streamed(*a, false).rest).size() == 2);

  auto all = chunks;
  all.insert(all.end(), rest.begin(), rest.end());
  CHECK(
      collected(all) ==
      R"("choices":[)"
      R"({"index":0,"message":{"role":"assistant","content":"a","reasoning_content":"hm","odd":[1],)"
      R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},)"
      R"({"id":"d","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
      R"("logprobs":{"content":[{"token":"a"}]},"finish_reason":"tool_calls"},)"
      R"({"index":1,"message":{"role":"assistant","content":"b"},"logprobs":null,"finish_reason":"length"}],)"
      R"("tier":"x","usage":{"total_tokens":3})");
}

TEST_CASE("chunks become a whole answer with all their contents") {
  CHECK(
      collected(
          {R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"},)"
           R"("logprobs":{"content":[{"token":"a"}],"refusal":null},"finish_reason":null}],"usage":null)",
           R"("choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b"}]},)"
           R"("finish_reason":null}],"obfuscation":"xx")",
           R"("choices":[{"index":0,"delta":{"refusal":"no"},"finish_reason":"stop","stop_reason":7}])"}) ==
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"ab","refusal":"no"},)"
      R"("logprobs":{"content":[{"token":"a"},{"token":"b"}]},"finish_reason":"stop","stop_reason":7}])");
}

TEST_CASE("a byte that is no character costs a whole answer nothing else") {
  const auto answer = parse_whole_answer(
      "{\"choices\":[{\"message\":{\"content\":\"a\xff b\"},\"finish_reason\":\"stop\"}]}");
  REQUIRE(answer);
  CHECK(answer->said.text == "a\xEF\xBF\xBD b");
  CHECK(answer->members.find("a\xEF\xBF\xBD b") != std::string::npos);
}
