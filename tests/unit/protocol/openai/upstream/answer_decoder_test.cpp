#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

/// An event with one choice.
std::string chunk(const std::string& delta, const std::string& finish = "null", int index = 0) {
  return event(R"({"id":"theirs","object":"chat.completion.chunk","created":1,"model":"theirs",)"
               R"("choices":[{"index":)" +
               std::to_string(index) + R"(,"delta":)" + delta + R"(,"finish_reason":)" + finish +
               "}]}");
}

const std::string done = event("[DONE]");
const std::string stop = chunk("{}", "\"stop\"");
/// The first chunk of an ordinary stream.
const std::string start = chunk(R"({"role":"assistant","content":""})");
const std::string start_members =
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}])";

std::string said_json(const chat::message& m) { return m.json; }

struct outcome {
  strings passed;
  strings rest;
  bool whole = false;
  std::optional<chat::failure> failure;
  chat::message said;
};

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

/// Feeds *bytes* in pieces of *step* bytes.
outcome decode(const std::string& bytes, std::size_t step, bool usage = false) {
  answer_decoder decoder{usage};
  deltas out{deltas::form::members};
  for (std::size_t i = 0; i < bytes.size(); i += step)
    decoder.feed(std::string_view{bytes}.substr(i, step), out);
  if (!decoder.whole() && !decoder.failure())
    decoder.finish(out);
  outcome o;
  o.passed = pieces_of(out);
  o.rest = pieces_of(decoder.take_rest());
  o.whole = decoder.whole();
  o.failure = decoder.failure();
  o.said = decoder.said();
  return o;
}

/// The result, which must be the same for every split.
outcome decode(const std::string& bytes, bool usage = false) {
  auto whole = decode(bytes, bytes.size() + 1, usage);
  for (std::size_t step = 1; step < bytes.size(); step = step < 40 ? step + 1 : step * 2) {
    CAPTURE(step);
    auto split = decode(bytes, step, usage);
    CHECK(split.passed == whole.passed);
    CHECK(split.rest == whole.rest);
    CHECK(split.whole == whole.whole);
    CHECK(split.failure.has_value() == whole.failure.has_value());
  }
  return whole;
}

} // namespace

TEST_CASE("chunks are passed on unchanged, except for the members that we write") {
  const std::string odd =
      R"({"id":"x","choices":[ {"index":0,"delta":{"content":"m\u0065ow"} ,"finish_reason":null,)"
      R"("logprobs":{"a":1.50}}],"session_id":"x","error":null,"usage":null,"service_tier":"x"})";
  auto o = decode(start + event(odd) + stop + done);
  CHECK(o.passed ==
        strings{start_members,
                R"("choices":[ {"index":0,"delta":{"content":"m\u0065ow"} ,"finish_reason":null,)"
                R"("logprobs":{"a":1.50}}],"service_tier":"x")"});
  CHECK(o.rest == strings{R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])"});
  CHECK(o.whole);
  CHECK(o.said.text == "meow");
  CHECK(o.said.speaker == chat::role::assistant);
}

TEST_CASE("an event of several lines is passed on in one") {
  auto o = decode("data: {\"choices\":\ndata: [{\"index\":0,\ndata: "
                  "\"delta\":{\"role\":\"assistant\"}}]}\n\n" +
                  stop + done);
  CHECK(o.passed == strings{R"("choices":[{"index":0,"delta":{"role":"assistant"}}])"});
}

TEST_CASE("usage is passed on if it was requested, and only then") {
  const auto counted = event(R"({"choices":[],"usage":{"total_tokens":3}})");
  auto asked = decode(chunk("{}") + stop + counted + done, true);
  CHECK(asked.rest.back() == R"("choices":[],"usage":{"total_tokens":3})");
  auto unasked = decode(chunk("{}") + stop + counted + done);
  CHECK(unasked.rest.size() == 1);
  auto bare = decode(chunk("{}") + stop + event(R"({"usage":{"total_tokens":3}})") + done, true);
  CHECK(bare.rest.back() == R"("usage":{"total_tokens":3},"choices":[])");
  auto in_finish = decode(
      event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"a":1}})") +
      done);
  CHECK(in_finish.whole);
  CHECK(in_finish.rest.front().find("usage") == std::string::npos);
}

TEST_CASE("the finish of a choice is held back, and that of others is passed on") {
  auto o = decode(chunk(R"({"content":"a"})") + chunk(R"({"content":"b"})", "null", 1) +
                  chunk("{}", "\"stop\"", 0) + chunk(R"({"content":"c"})", "null", 1) +
                  chunk("{}", "\"length\"", 1) + done);
  CHECK(o.whole);
  REQUIRE(o.passed.size() == 3);
  CHECK(o.passed.back().find("\"c\"") != std::string::npos);
  REQUIRE(o.rest.size() == 2);
  CHECK(o.rest.back().find("length") != std::string::npos);
  CHECK(o.said.text == "a");
}

TEST_CASE("a stream is complete with a finish reason, and not without") {
  const auto text = chunk(R"({"content":"a"})");
  const auto other = chunk(R"({"content":"b"})", "null", 1);
  CHECK(decode(text + stop + done).whole);
  CHECK(decode(": hello\n\n" + text + "data:\n\n" + stop + done).whole);
  CHECK(decode("x-field: 1\n" + text + "meow\n" + stop + done).whole);
  CHECK(decode(text + stop).whole);
  struct {
    const char* what;
    std::string bytes;
  } const broken[] = {
      {"nothing", ""},
      {"no finish reason", text + done},
      {"an empty finish reason", text + chunk("{}", "\"\"") + done},
      {"a finish reason of null in quotes", text + chunk("{}", "\"null\"") + done},
      {"a choice without its finish reason", text + other + stop + done},
      {"[DONE] alone", done},
      {"half a chunk", text + event(R"({"choices":[{"index":0,"del)") + stop + done},
      {"no JSON", text + event("meow") + stop + done},
      {"an array", text + event("[]") + stop + done},
      {"a page", "<html>\n</html>\n"},
      {"no list of choices", text + event(R"({"choices":5})") + stop + done},
      {"a choice that is none", text + event(R"({"choices":[5]})") + stop + done},
      {"a wrong index", chunk("{}", "null", 4000) + stop + done},
      {"an error", text + event(R"({"error":{"message":"x"}})") + stop + done},
      {"an error event", text + "event: error\ndata: {}\n\n" + stop + done},
      {"a bare error", text + "{\"error\":\"x\"}\n" + stop + done},
  };
  for (const auto& b : broken) {
    CAPTURE(b.what);
    auto o = decode(b.bytes);
    CHECK_FALSE(o.whole);
    REQUIRE(o.failure);
    for (const auto& piece : o.passed)
      CHECK(piece.find("stop") == std::string::npos);
  }
}

TEST_CASE("of two lists of choices in a chunk only the one that was read is passed on") {
  const auto twice = event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}],)"
                           R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
  auto o = decode(twice + stop + done);
  CHECK(o.whole);
  CHECK(o.passed ==
        strings{R"("choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}])"});
}

TEST_CASE("an error in a stream keeps its text if it concerns the client") {
  auto e = *decode(event(R"({"error":{"message":"too long","code":"context_length_exceeded"}})"))
                .failure;
  CHECK(e.code == chat::failure_code::context_length_exceeded);
  CHECK(status_of(e) == 400);
  CHECK(message_of(e, language::en) == "too long");
  CHECK(decode(event(R"({"error":{"message":"slow down","code":429}})")).failure->code ==
        chat::failure_code::rate_limit_exceeded);
  CHECK(decode(event(R"({"error":{"message":"no","code":401}})")).failure->code ==
        chat::failure_code::upstream_auth_failed);
  CHECK(decode(event(R"({"error":{"message":"boom","type":"server_error"}})")).failure->code ==
        chat::failure_code::upstream_error);
}

TEST_CASE("tool calls are assembled from their pieces") {
  auto o = decode(
      chunk(
          R"({"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":)"
          R"([{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})") +
      chunk(R"({"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":"{}"},)"
            R"("extra_content":{"sign":"x"}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]})") +
      chunk("{}", "\"tool_calls\"") + done);
  CHECK(o.whole);
  CHECK(
      said_json(o.said) ==
      R"({"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function",)"
      R"("function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function",)"
      R"("function":{"name":"g","arguments":"{}"},"extra_content":{"sign":"x"}}]})");
  CHECK_FALSE(o.said.more.empty());
}

TEST_CASE("a repeated member of a call is kept once, and counted once") {
  const auto longest = max_answer_bytes;
  const auto signature = std::string(1'000, 's');
  const auto piece = chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f"},)"
                           R"("extra_content":{"sign":")" +
                           signature + R"("}}]})");
  answer_decoder decoder{false};
  deltas out{deltas::form::members};
  for (std::size_t fed = 0; fed < 2 * longest; fed += piece.size())
    decoder.feed(piece, out);
  decoder.feed(stop + done, out);
  CHECK(decoder.whole());
  const auto said = said_json(decoder.said());
  CHECK(said.find("extra_content") == said.rfind("extra_content"));
  CHECK(said.find(signature) != std::string::npos);
}

TEST_CASE("anything but a stream of chunks is reported as such") {
  CHECK(message_of(*decode("<html>\n</html>\n").failure, language::en).find("not a stream") !=
        std::string::npos);
  CHECK(message_of(*decode(chunk(R"({"content":"a"})")).failure, language::en).find("early") !=
        std::string::npos);
}

TEST_CASE("calls without an index begin with their id; refusals and the older form are kept") {
  auto o = decode(chunk(R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}}]})") +
                  chunk(R"({"tool_calls":[{"function":{"arguments":"2"}}]})") +
                  chunk(R"({"tool_calls":[{"id":"b","function":{"name":"g","arguments":"3"}}]})") +
                  stop + done);
  CHECK(said_json(o.said).find(R"("name":"f","arguments":"12")") != std::string::npos);
  CHECK(said_json(o.said).find(R"("name":"g","arguments":"3")") != std::string::npos);
  auto refused =
      decode(chunk(R"({"refusal":"I "})") + chunk(R"({"refusal":"can't"})") + stop + done);
  CHECK(said_json(refused.said) == R"({"role":"assistant","content":null,"refusal":"I can't"})");
  auto older = decode(chunk(R"({"function_call":{"name":"f","arguments":"{"}})") +
                      chunk(R"({"function_call":{"arguments":"}"}})") + stop + done);
  CHECK(said_json(older.said) ==
        R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}})");
}
