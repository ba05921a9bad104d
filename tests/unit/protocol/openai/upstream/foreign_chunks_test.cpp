// Streams of servers that deviate from OpenAI's form: the client gets OpenAI's form, and the
// conversation keeps everything that was said.

#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

std::string chunk(const std::string& delta, const std::string& finish = "null") {
  return event(R"({"id":"a","choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" +
               finish + "}]}");
}

std::string content(const std::string& text, const std::string& finish = "null") {
  return chunk(R"({"content":")" + text + R"("})", finish);
}

std::string call(const std::string& members) {
  return chunk(R"({"tool_calls":[{)" + members + "}]}");
}

const std::string done = event("[DONE]");
const std::string stop = chunk("{}", "\"stop\"");

struct told_call {
  std::string id;
  std::string type;
  std::string name;
  std::string arguments;

  bool operator==(const told_call&) const = default;
};

/// An ordinary client: it accepts only strings, and assembles calls by index.
struct client {
  std::string role;
  std::string text;
  std::string reasoning;
  std::map<std::int64_t, told_call> calls;
  strings reasons;
  std::size_t chunks = 0;

  void take(std::string_view members) {
    ++chunks;
    const auto doc = json::parse('{' + std::string{members} + '}');
    REQUIRE(doc);
    const auto* choices = json::find(doc.root, "choices");
    REQUIRE(choices->IsArray());
    for (const auto& choice : choices->GetArray()) {
      const auto& delta = *json::find(choice, "delta");
      if (role.empty())
        role = json::find_string(delta, "role").value();
      add(text, delta, "content");
      add(reasoning, delta, "reasoning_content");
      if (const auto* all = json::find(delta, "tool_calls"))
        for (const auto& piece : all->GetArray())
          take_call(piece);
      if (const auto reason = json::find_string(choice, "finish_reason"))
        reasons.emplace_back(*reason);
    }
  }

  void take_call(const json::value& piece) {
    auto& c = calls[json::integer_of(*json::find(piece, "index")).value()];
    // Some clients join all texts but these.
    add(c.id, piece, "id");
    if (const auto type = json::find_string(piece, "type"))
      c.type = *type;
    if (const auto* function = json::find(piece, "function")) {
      add(c.name, *function, "name");
      add(c.arguments, *function, "arguments");
    }
  }

  static void add(std::string& to, const json::value& object, const char* name) {
    if (const auto* v = json::find(object, name); v != nullptr && !v->IsNull()) {
      REQUIRE(v->IsString());
      to += json::text_of(*v);
    }
  }
};

struct outcome {
  client heard;
  /// The number of chunks that were passed on before the end.
  std::size_t at_once = 0;
  strings passed;
  std::string said;
  std::uint64_t skipped = 0;
  std::string failure;
};

outcome decode(const std::string& bytes, std::size_t step) {
  answer_decoder decoder{false};
  deltas out{deltas::form::members};
  for (std::size_t i = 0; i < bytes.size(); i += step)
    decoder.feed(std::string_view{bytes}.substr(i, step), out);
  if (!decoder.whole() && !decoder.failure())
    decoder.finish(out);
  outcome o;
  out.for_each([&](std::string_view piece) {
    o.heard.take(piece);
    o.passed.emplace_back(piece);
  });
  CHECK(o.heard.reasons.empty());
  o.at_once = o.heard.chunks;
  decoder.take_rest().for_each([&](std::string_view piece) { o.heard.take(piece); });
  append_message(o.said, decoder.said());
  o.skipped = decoder.skipped();
  if (decoder.failure())
    o.failure = to_json(*decoder.failure(), language::en);
  return o;
}

/// The result, which must be the same for every split.
outcome decode(const std::string& bytes) {
  auto all = decode(bytes, bytes.size());
  for (std::size_t step = 1; step < bytes.size(); step = step < 40 ? step + 1 : step * 2) {
    CAPTURE(step);
    auto split = decode(bytes, step);
    CHECK(split.passed == all.passed);
    CHECK(split.said == all.said);
    CHECK(split.failure == all.failure);
  }
  return all;
}

/// Calls as they are sent back.
std::vector<told_call> calls_in(const std::string& message) {
  const auto doc = json::parse(message);
  std::vector<told_call> result;
  if (const auto* all = json::find(doc.root, "tool_calls"))
    for (const auto& c : all->GetArray()) {
      const auto& function = *json::find(c, "function");
      result.push_back({std::string{*json::find_string(c, "id")},
                        std::string{*json::find_string(c, "type")},
                        std::string{*json::find_string(function, "name")},
                        std::string{*json::find_string(function, "arguments")}});
    }
  return result;
}

/// Checks that the client and the next turn have the same calls.
void check_calls(const std::string& stream, const std::vector<told_call>& expected) {
  CAPTURE(stream);
  auto o = decode(stream + chunk("{}", "\"tool_calls\"") + done);
  CHECK(o.failure.empty());
  CHECK(calls_in(o.said) == expected);
  std::vector<told_call> heard;
  for (const auto& [index, c] : o.heard.calls) {
    CHECK(index == static_cast<std::int64_t>(heard.size()));
    heard.push_back(c);
  }
  CHECK(heard == expected);
  CHECK(o.heard.reasons == strings{"tool_calls"});
}

} // namespace

TEST_CASE(
    "text is passed on at once, whatever reason is beside it, and has one reason at its end") {
  for (const std::string& reason : strings{"\"null\"", "\"\"", "\"stop\"", "null", "false", "0"}) {
    CAPTURE(reason);
    for (const auto& end : {done, std::string{}}) {
      auto o =
          decode(content("a", reason) + content("b", reason) + content("c", reason) + stop + end);
      CHECK(o.failure.empty());
      CHECK(o.heard.role == "assistant");
      CHECK(o.heard.text == "abc");
      CHECK(o.at_once == 3);
      CHECK(o.heard.reasons == strings{"stop"});
      CHECK(o.heard.chunks == 4);
    }
  }
}

TEST_CASE("a reason beside the last text, or before it, is sent after it") {
  for (const auto& stream :
       {content("a") + content("b", "\"length\"") + done, content("a") + content("b", "\"length\""),
        content("a") + chunk("{}", "\"length\"") + content("b") + done,
        content("a", "\"stop\"") + content("b", "\"stop\"") + chunk("{}", "\"length\"") +
            chunk("{}", "\"length\"")}) {
    CAPTURE(stream);
    auto o = decode(stream);
    CHECK(o.failure.empty());
    CHECK(o.heard.text == "ab");
    CHECK(o.at_once == 2);
    CHECK(o.heard.reasons == strings{"length"});
  }
}

TEST_CASE("text without any real reason is a failure") {
  for (const auto& reason : strings{"\"null\"", "\"\"", "null"}) {
    CHECK_FALSE(decode(content("a", reason) + done).failure.empty());
    CHECK_FALSE(decode(content("a", reason)).failure.empty());
  }
}

TEST_CASE("an answer of several choices has one reason for each") {
  const auto both = [](const std::string& a, const std::string& b, const std::string& reason) {
    return event(R"({"choices":[{"index":0,"delta":)" + a + R"(,"finish_reason":)" + reason +
                 R"(},{"index":1,"delta":)" + b + R"(,"finish_reason":)" + reason + "}]}");
  };
  auto o = decode(both(R"({"content":"a"})", R"({"content":"b"})", "\"stop\"") +
                  both("{}", "{}", "\"stop\"") + done);
  CHECK(o.failure.empty());
  CHECK(o.heard.text == "ab");
  CHECK(o.heard.reasons == strings{"stop", "stop"});
}

TEST_CASE("choices without index, delta or role are filled in") {
  auto o = decode(event(R"({"choices":[{"delta":{"content":"a"}}]})") +
                  event(R"({"choices":[{"index":null,"delta":{"role":"","content":"b"}}]})") +
                  event(R"({"choices":[{"delta":null,"finish_reason":"stop"}]})"));
  CHECK(o.failure.empty());
  CHECK(o.passed.front() ==
        R"("choices":[{"delta":{"content":"a","role":"assistant"},"index":0}])");
  CHECK(o.heard.text == "ab");
  auto whole = decode(event(
      R"({"choices":[{"index":0,"message":{"role":"model","content":"a"},"finish_reason":"stop"}]})"));
  CHECK(whole.heard.text == "a");
  CHECK(whole.heard.role == "assistant");
  CHECK(whole.heard.reasons == strings{"stop"});
}

TEST_CASE("a message behind deltas repeats them, and any other is the answer") {
  const std::string call =
      R"("tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}])";
  const auto message =
      R"("message":{"role":"assistant","content":"It is","reasoning_content":"hm",)" + call + "}";
  const auto last = [&](const std::string& delta, const std::string& reason = "\"tool_calls\"") {
    return event(R"({"object":"chat.completion","choices":[{"index":0,)" + delta + message +
                 R"(,"finish_reason":)" + reason + "}]}");
  };
  const auto said = chunk(R"({"reasoning_content":"hm"})") + content("It ") + content("is") +
                    chunk("{" + call + "}");
  const auto with_text = R"("delta":{"content":"It is","reasoning_content":"hm",)" + call + "},";
  for (const std::string& delta : strings{"", R"("delta":null,)", R"("delta":{},)",
                                          R"("delta":{"role":"assistant","content":""},)"}) {
    for (const auto& stream :
         {said + last(delta), said + chunk("{}", "\"tool_calls\"") + last(delta, "null"),
          last(delta), chunk(R"({"role":"assistant","name":"AI"})") + last(delta),
          last(with_text, "null") + last(delta)}) {
      CAPTURE(stream);
      for (const auto& end : {done, std::string{}}) {
        auto o = decode(stream + end);
        CHECK(o.failure.empty());
        CHECK(o.heard.text == "It is");
        CHECK(o.heard.reasoning == "hm");
        REQUIRE(o.heard.calls.size() == 1);
        CHECK(o.heard.calls[0] == told_call{"a", "function", "f", "{}"});
        CHECK(o.heard.reasons == strings{"tool_calls"});
        CHECK(calls_in(o.said) == std::vector<told_call>{o.heard.calls[0]});
        CHECK(o.said.find(R"("content":"It is")") != std::string::npos);
        CHECK(o.said.find(R"("reasoning_content":"hm")") != std::string::npos);
        // Those who look at chunks themselves find no second answer.
        for (const auto& piece : o.passed)
          CHECK(piece.find("\"message\"") == std::string::npos);
      }
    }
  }
  // Of several choices, each has its own.
  auto o =
      decode(content("a") +
             event(R"({"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"},)"
                   R"({"index":1,"message":{"content":"b"},"finish_reason":"stop"}]})"));
  CHECK(o.heard.text == "ab");
}

TEST_CASE("bytes that are no characters are replaced, and nothing else is lost") {
  for (const std::string text : {"a\xff", "a\xe5\x96"}) {
    auto o = decode(content(text) + content("b") + stop + done);
    CHECK(o.failure.empty());
    CHECK(o.heard.text.starts_with("a\xEF\xBF\xBD"));
    CHECK(o.heard.text.ends_with("\xEF\xBF\xBD"
                                 "b"));
  }
}

TEST_CASE("chunks in the form of text completions, and content that is one part, are read") {
  auto o = decode(event(R"({"choices":[{"index":0,"text":"a"}]})") +
                  event(R"({"choices":[{"index":0,"text":"b","finish_reason":"stop"}]})"));
  CHECK(o.failure.empty());
  CHECK(o.heard.text == "ab");
  CHECK(decode(chunk(R"({"content":{"type":"text","text":"a"}})") + stop).heard.text == "a");
}

TEST_CASE("tool calls are distinguished by their ids, then by their indices") {
  const told_call a{"a", "function", "look", R"({"at":1})"};
  const told_call b{"b", "function", "look", R"({"at":2})"};
  const std::string whole_a =
      R"("type":"function","function":{"name":"look","arguments":"{\"at\":1}"})";
  const std::string whole_b =
      R"("type":"function","function":{"name":"look","arguments":"{\"at\":2}"})";
  const std::string begin = R"("type":"function","function":{"name":"look","arguments":"{\"a"})";
  const std::string end_a = R"("function":{"arguments":"t\":1}"})";
  const std::string end_b = R"("function":{"arguments":"t\":2}"})";
  const auto index = [](const std::string& i, const std::string& id, const std::string& more) {
    return call(R"("index":)" + i + R"(,"id":)" + id + ',' + more);
  };
  const auto id = [](const std::string& name, const std::string& more) {
    return call(R"("id":)" + name + ',' + more);
  };
  // OpenAI's form, with pieces of two calls in turn.
  check_calls(index("0", R"("a")", begin) + index("1", R"("b")", begin) +
                  call(R"("index":0,)" + end_a) + call(R"("index":1,)" + end_b),
              {a, b});
  // One index for all.
  check_calls(index("0", R"("a")", whole_a) + index("0", R"("b")", whole_b), {a, b});
  check_calls(index("0", R"("a")", begin) + call(R"("index":0,)" + end_a) +
                  index("0", R"("b")", begin) + call(R"("index":0,)" + end_b),
              {a, b});
  check_calls(chunk(R"({"tool_calls":[{"index":0,"id":"a",)" + whole_a +
                    R"(},{"index":0,"id":"b",)" + whole_b + "}]}"),
              {a, b});
  // No index; the id in each piece, or in the first one and then null or empty.
  check_calls(id(R"("a")", begin) + id(R"("a")", end_a), {a});
  check_calls(id(R"("a")", begin) + id("null", end_a) + id(R"("b")", begin) + id(R"("")", end_b),
              {a, b});
  check_calls(id(R"("a")", begin) + call(end_a) + id(R"("b")", whole_b), {a, b});
  check_calls(id(R"("a")", begin) + id(R"("b")", begin) + id(R"("a")", end_a) + id(R"("b")", end_b),
              {a, b});
  // The name in each piece.
  check_calls(id(R"("a")", begin) +
                  id(R"("a")", R"("function":{"name":"look","arguments":"t\":1}"})"),
              {a});
  check_calls(index("0", R"("a")", begin) +
                  index("0", R"("a")", R"("function":{"name":"look","arguments":"t\":1}"})"),
              {a});
  // A new id for each piece, and a name late.
  check_calls(index("0", R"("a")", begin) + index("0", R"("x")", end_a) +
                  index("1", R"("b")", begin) + index("1", R"("y")", end_b),
              {a, b});
  check_calls(call(R"("index":0,"id":"a","type":"function")") +
                  call(R"("index":0,"function":{"name":"look","arguments":"{\"a"})") +
                  call(R"("index":0,)" + end_a),
              {a});
  // Indices that do not begin at 0, or are texts.
  check_calls(index("1", R"("a")", begin) + call(R"("index":1,)" + end_a) +
                  index("2", R"("b")", whole_b),
              {a, b});
  check_calls(index(R"("0")", R"("a")", begin) + index(R"("0")", R"("a")", end_a), {a});
  // No list, and no type.
  check_calls(
      chunk(R"({"tool_calls":{"id":"a","function":{"name":"look","arguments":"{\"at\":1}"}}})"),
      {a});
}

TEST_CASE("arguments that are an object are its JSON") {
  const told_call a{"a", "function", "look", R"({"at":1})"};
  check_calls(
      call(
          R"("index":0,"id":"a","type":"function","function":{"name":"look","arguments":{"at":1}})"),
      {a});
  check_calls(call(R"("id":"a","function":{"name":"look","arguments":{"at":1}})"), {a});
}

TEST_CASE("calls without an id get one, which differs from answer to answer") {
  const std::string look = R"("index":0,"function":{"name":"look","arguments":"{}"})";
  const std::string find = R"("index":0,"function":{"name":"find","arguments":"{}"})";
  auto o = decode(call(look) + call(find) + call(R"("index":0,"id":"",)" + find.substr(10)) + stop +
                  done);
  const auto calls = calls_in(o.said);
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].name == "look");
  CHECK(calls[1].name == "find");
  CHECK(calls[1].id != calls[0].id);
  CHECK(calls[1].id != calls[2].id);
  CHECK(calls[0].id.starts_with("call_"));
  REQUIRE(o.heard.calls.size() == 3);
  CHECK(o.heard.calls[0] == calls[0]);
  CHECK(o.heard.calls[2] == calls[2]);
  auto other = call(look);
  other.replace(other.find(R"("id":"a")"), 8, R"("id":"b")");
  CHECK(calls_in(decode(other + stop).said)[0].id != calls[0].id);
  // A late id is not passed on: the client knows the call by another one.
  auto late = decode(call(R"("index":0,"function":{"name":"look","arguments":"{"})") +
                     call(R"("index":0,"id":"late","function":{"arguments":"}"})") + stop);
  REQUIRE(late.heard.calls.size() == 1);
  CHECK(late.heard.calls[0] == calls_in(late.said)[0]);
  CHECK(late.heard.calls[0].arguments == "{}");
}

TEST_CASE("chunks of calls in OpenAI's form are passed on unchanged") {
  const auto odd =
      R"("choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0, "id":"a",)"
      R"("type":"function","function":{"name":"f","arguments":"\u007b}"},"x":1.50}]}}])";
  auto o = decode(event(R"({"id":"a",)" + std::string{odd} + "}") + stop);
  CHECK(o.passed == strings{odd});
}

TEST_CASE("content in parts is text, and its reasoning is sent back in later turns") {
  const auto parts = [](const std::string& all) { return chunk(R"({"content":[)" + all + "]}"); };
  const auto thinks = [](const std::string& text) {
    return R"({"type":"thinking","thinking":[{"type":"text","text":")" + text + R"("}]})";
  };
  auto o = decode(parts(thinks("h")) + parts(thinks("m")) +
                  parts(R"({"type":"text","text":"It "},{"type":"text","text":"is "})") +
                  content("4") + content("!") + stop + done);
  CHECK(o.heard.text == "It is 4!");
  CHECK(o.heard.reasoning == "hm");
  CHECK(
      o.said ==
      R"({"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
      R"({"type":"text","text":"It is 4!"}]})");
  auto again = parse_message(o.said);
  REQUIRE(again);
  // A client that sends back only the text says the same.
  CHECK(chat::say_the_same(*again, chat::message{chat::role::assistant, "It is 4!"}));

  auto plain = decode(parts(R"({"type":"text","text":"It is "})") + content("4") + stop);
  CHECK(plain.said == R"({"role":"assistant","content":"It is 4"})");
  auto turns = decode(parts(thinks("a")) + content("b") + parts(thinks("c")) + content("d") + stop);
  CHECK(turns.heard.text == "bd");
  CHECK(turns.heard.reasoning == "ac");
  CHECK(turns.said.find(R"("b"},{"type":"thinking")") != std::string::npos);
}

TEST_CASE("reasoning and unknown members are sent back in later turns") {
  auto o = decode(
      chunk(R"({"role":"assistant","content":"","reasoning_content":"Fir","reasoning":"x"})") +
      chunk(
          R"({"reasoning_content":"st","reasoning_details":[{"type":"a","text":"1"}],"phase":"old"})") +
      chunk(
          R"({"reasoning_details":[{"type":"b"}],"thought_signature":"s1","audio":null,"list":[]})") +
      chunk(R"({"content":"Rain.","phase":"final","thought_signature":"s2"})") + stop + done);
  CHECK(o.said ==
        R"({"role":"assistant","content":"Rain.","reasoning_content":"First","reasoning":"x",)"
        R"("reasoning_details":[{"type":"a","text":"1"},{"type":"b"}],"phase":"final",)"
        R"("thought_signature":"s2"})");
  auto again = parse_message(o.said);
  REQUIRE(again);
  CHECK(chat::say_the_same(*again, chat::message{chat::role::assistant, "Rain. "}));
}

TEST_CASE("objects that nobody knows are merged, and null replaces nothing") {
  struct {
    std::string pieces;
    std::string said;
  } const table[] = {
      {chunk(R"({"audio":{"id":"audio_1","transcript":"Hel"}})") +
           chunk(R"({"audio":{"id":"audio_1","transcript":"lo","data":"AA"}})") +
           chunk(R"({"audio":{"data":"AA","expires_at":98,"id":null}})") +
           chunk(R"({"audio":{"expires_at":99}})"),
       R"("audio":{"id":"audio_1","transcript":"Hello","data":"AAAA","expires_at":99})"},
      {chunk(R"({"x":{"a":{"text":"1","type":"t","on":false},"none":null}})") +
           chunk(R"({"x":{"a":{"text":"2","type":"t","on":true}},"n":1})") +
           chunk(R"({"x":null,"n":2})") + chunk(R"({"n":null})"),
       R"("x":{"a":{"text":"12","type":"t","on":true},"none":null},"n":2)"},
      {chunk(R"({"extra":{"google":{"thought_signature":"S"},"list":[1]}})") +
           chunk(R"({"extra":{"google":{"thought_signature":"S"},"list":[2]}})"),
       R"("extra":{"google":{"thought_signature":"S"},"list":[2]})"},
      {chunk(R"({"x":"a"})") + chunk(R"({"x":{"text":"b"}})") + chunk(R"({"x":[1,"c"]})"),
       R"("x":[1,"c"])"},
      {chunk(R"({"reasoning":{"text":"h"}})") + chunk(R"({"reasoning":{"text":"m"}})"),
       R"("reasoning":{"text":"hm"})"},
  };
  for (const auto& row : table) {
    CAPTURE(row.pieces);
    CHECK(decode(row.pieces + stop + done).said ==
          R"({"role":"assistant","content":"",)" + row.said + "}");
  }
}

TEST_CASE("a call keeps what nobody knows, whatever its later pieces say of it") {
  auto o = decode(
      call(R"("index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{"},)"
           R"("extra_content":{"google":{"thought_signature":"S"}},"x":null)") +
      call(R"("index":0,"extra_content":{"google":{"thought_signature":"S"}})") +
      call(R"("index":0,"function":{"arguments":"}"},"extra_content":null,"x":1)") + stop + done);
  CHECK(o.said.find(R"("extra_content":{"google":{"thought_signature":"S"}},"x":1)") !=
        std::string::npos);
}

TEST_CASE("events that are not part of the answer are left out and counted") {
  for (const auto& extra : {std::string{"event: ping\ndata: {\"type\":\"ping\"}\n\n"},
                            std::string{"event: ping\ndata: x\n\n"}, event("{}"), event("ping"),
                            event(R"({"type":"ping"})"), event(R"({"object":"x","id":"y"})"),
                            event(R"({"choices":null})"), event("null"),
                            event(R"({"type":"status","message":"loading"})")}) {
    CAPTURE(extra);
    auto o = decode(content("Hel") + extra + content("lo") + extra + stop + extra + done);
    CHECK(o.failure.empty());
    CHECK(o.heard.text == "Hello");
    CHECK(o.heard.chunks == 3);
    CHECK(o.skipped == 3);
  }
  for (const auto& silent :
       {event(R"({"choices":[]})"), event(R"({"choices":[],"usage":{"total_tokens":1}})"),
        event(R"({"usage":{"total_tokens":1}})")}) {
    CAPTURE(silent);
    auto o = decode(content("Hel") + silent + content("lo") + stop + silent + done);
    CHECK(o.heard.text == "Hello");
    CHECK(o.heard.chunks == 3);
    CHECK(o.skipped == 0);
  }
  // Usage that the client did not ask for, in a chunk with a choice without content.
  auto behind = decode(content("a") + stop +
                       event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""},)"
                             R"("finish_reason":null}],"usage":{"total_tokens":1}})"));
  CHECK(behind.heard.chunks == 2);
  auto filtered =
      decode(event(R"({"choices":[],"prompt_filter_results":[{"x":1}]})") + content("a") + stop);
  CHECK(filtered.passed.front() == R"("choices":[],"prompt_filter_results":[{"x":1}])");
}

TEST_CASE("a failure inside a stream keeps its text in any form") {
  for (const auto& failure :
       {event(R"({"error":{"message":"no tokens","code":400}})"),
        event(R"([{"error":{"message":"no tokens","code":400}}])"),
        event(R"({"object":"error","message":"no tokens","code":400})"),
        event(R"({"errors":[{"message":"no tokens","code":400}]})"),
        event(R"({"detail":{"message":"no tokens","code":400}})"),
        "event: error\n" + event(R"({"message":"no tokens","code":400})"),
        "event: failed\n" + event(R"({"error":{"message":"no tokens","code":400}})"),
        std::string{R"(error: {"message":"no tokens","code":400})"} + "\n\n",
        std::string{R"(error:{"error":{"message":"no tokens","code":400}})"} + "\n",
        std::string{R"({"error":{"message":"no tokens","code":400}})"} + "\n"}) {
    CAPTURE(failure);
    CHECK(decode(content("a") + failure + stop + done).failure.find("no tokens") !=
          std::string::npos);
  }
}

TEST_CASE("a field with an error is a failure of its own kind") {
  const auto o = decode("error: {\"code\":400,\"message\":\"the request exceeds the available "
                        "context size\",\"type\":\"invalid_request_error\"}\n\n" +
                        done);
  CHECK(o.failure.find("the request exceeds the available context size") != std::string::npos);
  CHECK(o.failure.find(R"("code":"context_length_exceeded")") != std::string::npos);
}

TEST_CASE("an event of any name is a chunk if it has choices") {
  auto o = decode("event: chunk\n" + content("Hel") + "event: chat.completion.chunk\n" +
                  content("lo") + "event: chunk\n" + stop + "event: done\n" + done);
  CHECK(o.failure.empty());
  CHECK(o.heard.text == "Hello");
  CHECK(o.skipped == 0);
}

TEST_CASE("numbers that JSON does not have become null") {
  const auto odd =
      event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":"-Infinity"},)"
            R"("logprobs":{"content":[{"logprob":-Infinity,"x":NaN}]}}]})");
  auto o = decode(odd + odd + stop);
  CHECK(o.failure.empty());
  CHECK(o.heard.text == "-Infinity-Infinity");
  CHECK(o.passed[1].find(R"({"logprob":null,"x":null})") != std::string::npos);
}

TEST_CASE("an answer with too many tool calls is a failure") {
  std::string stream;
  for (int i = 0; i < 1'100; ++i)
    stream += call(R"("index":)" + std::to_string(i) + R"(,"id":"c)" + std::to_string(i) + '"');
  CHECK(decode(stream + stop, stream.size()).failure.find("too many tool calls") !=
        std::string::npos);
}
