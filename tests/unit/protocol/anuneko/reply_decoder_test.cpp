#include "protocol/anuneko/reply_decoder.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <vector>

using namespace nekod;
using anuneko::reply_decoder;

using strings = std::vector<std::string>;

namespace {

/// The result of a reply.
struct outcome {
  strings pieces;
  std::string error;
  std::string detail;
  std::string message_id;
  std::string finish_reason;
  std::uint64_t skipped = 0;
};

void check_same(const outcome& got, const outcome& expected) {
  CHECK((got.pieces == expected.pieces));
  CHECK(got.error == expected.error);
  CHECK(got.detail == expected.detail);
  CHECK(got.message_id == expected.message_id);
  CHECK(got.finish_reason == expected.finish_reason);
  CHECK(got.skipped == expected.skipped);
}

/// Decodes consecutive packets.
outcome decode(const std::vector<std::string_view>& packets, int branch = 0) {
  reply_decoder decoder{branch};
  deltas out;
  for (const auto packet : packets)
    decoder.feed(packet, out);
  decoder.finish(out);
  outcome got;
  out.for_each([&](std::string_view piece) { got.pieces.emplace_back(piece); });
  if (decoder.error()) {
    got.error = decoder.error()->code;
    got.detail = decoder.error()->detail;
  }
  got.message_id = decoder.message_id();
  got.finish_reason = decoder.finish_reason();
  got.skipped = decoder.skipped();
  return got;
}

constexpr std::string_view named_reply = R"(event: usermsg
data: {"msg_id":"u1","v":"the user's own text"}

event: start
data: {"choice_num":2}

event: delta
data: {"msg_id":"a1","c":[{"v":"你"},{"v":"Hel","c":1}]}

event: delta
data: {"c":[{"v":"好","c":0},{"c":1,"v":"lo"},{"c":2},{}]}

event: stop
data: {"choice_idx":1,"finish_reason":"length"}

event: stop
data: {"finish_reason":"stop"}

event: assistmsg
data: {"msg_id":"a2","v":"not twice"}

)";

const std::string cut_detail = "the reply ends within an event";
const std::string empty_detail = "the reply contains no answer";

struct row {
  std::string_view name;
  std::string_view stream;
  outcome expected;
};

const std::vector<row> rows{
    {"named events", named_reply, {{"你", "好"}, "", "", "a2", "stop", 0}},
    {"bare data lines",
     "data: {\"v\":\"a\"}\n\ndata: {\"v\":\"b\",\"msg_id\":\"m\"}\n\n",
     {{"a", "b"}, "", "", "m", "", 0}},
    {"no blank line at the end", "data: {\"v\":\"a\"}", {{"a"}, "", "", "", "", 0}},
    {"carriage returns", "data: {\"v\":\"a\"}\r\n\r\n", {{"a"}, "", "", "", "", 0}},
    {"escapes and empty pieces",
     "data: {\"c\":[{\"v\":\"\\n\\\"\\u4f60\"},{\"v\":\"\"}]}\n\ndata: {\"v\":\"\"}\n\n",
     {{"\n\"你"}, "", "", "", "", 0}},
    {"pieces of many branches in one event",
     "data: {\"c\":[{\"v\":\"a\"},{\"v\":\"x\",\"c\":1},{\"v\":\"b\",\"c\":null}]}\n\n",
     {{"a", "b"}, "", "", "", "", 0}},
    {"branches of the wrong type",
     "data: {\"c\":[{\"v\":\"a\",\"c\":\"1\"},{\"v\":\"b\",\"c\":0.5},7,{\"v\":8}]}\n\n",
     {{}, "", "", "", "", 0}},
    {"a list beside a text",
     "data: {\"v\":\"no\",\"c\":[{\"v\":\"a\"}]}\n\n",
     {{"a"}, "", "", "", "", 0}},
    {"an id that is a number",
     "data: {\"v\":\"a\",\"msg_id\":12345678901234567890}\n\n",
     {{"a"}, "", "", "12345678901234567890", "", 0}},
    {"an id that is none",
     "data: {\"v\":\"a\",\"msg_id\":\"m\"}\n\ndata: {\"msg_id\":\"\"}\n\n"
     "data: {\"v\":\"b\",\"msg_id\":[1]}\n\n",
     {{"a", "b"}, "", "", "m", "", 0}},
    {"an empty answer",
     "event: start\ndata: {}\n\nevent: stop\ndata: {}\n\n",
     {{}, "", "", "", "", 0}},
    {"what nobody knows",
     "data: {\"v\":\"a\"}\n\ndata:\n\ndata: [DONE]\n\ndata: {\"x\":1}\n\ndata: [1]\n\n"
     "data: {\"v\":7}\n\n{\"v\":\"stray\"}\nstray\nevent: thought\ndata: {\"v\":\"hm\"}\n\n"
     "event: ping\n\n: comment\n\nid: 1\n\n",
     {{"a"}, "", "", "", "", 8}},
    {"pieces that are not UTF-8",
     "data: {\"v\":\"a\xE4\xBD\"}\n\ndata: {\"v\":\"\xED\xA0\xBD\"}\n\ndata: {\"v\":\"b\"}\n\n",
     {{"b"}, "", "", "", "", 2}},
    {"a character in halves",
     R"(data: {"v":"a\ud83d"}

data: {"v":"\ude00b","msg_id":"m"}

data: {"v":"c"}

)",
     {{"a", "😀b", "c"}, "", "", "m", "", 0}},
    {"halves of several branches, and of pieces of one event",
     R"(data: {"c":[{"v":"\ud83d"},{"v":"x\ud83c","c":1}]}

data: {"c":[{"v":""},{"v":"\udf0d","c":1},{"v":"\ude00"},{"v":"\ud83c"},{"v":"\udf0d"}]}

)",
     {{"😀", "🌍"}, "", "", "", "", 0}},
    {"a half that waits past what is no text",
     R"(event: start
data: {"x":"\ude00"}

data: {"v":"\ud83d"}

data: {"msg_id":"m\ude00"}

data: {"v":7}

data: {"c":[{},{"c":1,"v":"\ude00"}]}

data: {"v":"\ude00"}

)",
     {{"😀"}, "", "", "m\uFFFD", "", 1}},
    {"halves alone",
     R"(data: {"v":"\ude00a\ud83d"}

data: {"v":"b\ud83d"}

data: {"v":"\ud83d"})",
     {{"\uFFFDa", "\uFFFDb", "\uFFFD", "\uFFFD"}, "", "", "", "", 0}},
    {"a half before plain pieces",
     "data: {\"v\":\"a\\ud83d\"}\n\ndata: {\"v\":\"b\"}\n\ndata: {\"v\":\"c\"}\n\n",
     {{"a", "\uFFFDb", "c"}, "", "", "", "", 0}},
    {"a half before an error",
     "data: {\"v\":\"a\\ud83d\"}\n\n{\"code\":\"busy\",\"detail\":\"no \\ud83d\"}\n",
     {{"a"}, "busy", "no \uFFFD", "", "", 0}},
    {"the question alone",
     "event: usermsg\ndata: {\"msg_id\":\"u1\"}\n\nevent: start\ndata: {}\n\n",
     {{}, "empty_reply", empty_detail, "u1", "", 0}},
    {"half an event at the end",
     "data: {\"v\":\"a\"}\n\ndata: {\"v\":\"b",
     {{"a"}, "cut_reply", cut_detail, "", "", 0}},
    {"the beginning of one",
     "data: {\"v\":\"a\"}\n\nda",
     {{"a"}, "cut_reply", cut_detail, "", "", 0}},
    {"nothing at all", "", {{}, "empty_reply", empty_detail, "", "", 0}},
    {"nothing understood", "<html>\n</html>\n", {{}, "empty_reply", empty_detail, "", "", 2}},
    {"comments only", ": a\n\n", {{}, "empty_reply", empty_detail, "", "", 0}},
    {"an error event",
     "data: {\"v\":\"a\"}\n\nevent: error\ndata: {\"code\":\"busy\",\"detail\":\"wait\"}\n\n"
     "data: {\"v\":\"b\"}\n\n",
     {{"a"}, "busy", "wait", "", "", 0}},
    {"an error event without a code",
     "event: error\ndata: {\"x\":1}\n\n",
     {{}, "error", "{\"x\":1}", "", "", 0}},
    {"an error event that is no JSON",
     "event: error\ndata: broken\n\n",
     {{}, "error", "broken", "", "", 0}},
    {"an error event that is no text",
     "event: error\ndata: \xFF\n\n",
     {{}, "error", "", "", "", 0}},
    {"an error line",
     "{\"code\":\"chat_choice_shown\",\"detail\":\"choose\"}\ndata: {\"v\":\"b\"}\n\n",
     {{}, "chat_choice_shown", "choose", "", "", 0}},
    {"an error line without an end",
     "{\"code\":40100,\"msg\":\"who?\"}",
     {{}, "40100", "who?", "", "", 0}},
    {"an error as data",
     "data: {\"code\":\"busy\"}\n\ndata: {\"v\":\"b\"}\n\n",
     {{}, "busy", "", "", "", 0}},
    {"an error as data of a known event",
     "event: delta\ndata: {\"error\":{\"code\":7}}\n\n",
     {{}, "7", "", "", "", 0}},
    {"a code beside text", "data: {\"code\":\"x\",\"v\":\"a\"}\n\n", {{"a"}, "", "", "", "", 0}},
    {"codes of success",
     "data: {\"code\":0,\"v\":\"a\",\"msg_id\":\"m\"}\n\n{\"code\":0}\n",
     {{"a"}, "", "", "m", "", 1}},
};

} // namespace

TEST_CASE("a reply is decoded to its text, its ids or its error") {
  for (const auto& r : rows) {
    CAPTURE(r.name);
    check_same(decode({r.stream}), r.expected);
  }
}

TEST_CASE("a reply is decoded the same in any two pieces") {
  for (const auto& r : rows)
    for (std::size_t cut = 0; cut <= r.stream.size(); ++cut) {
      CAPTURE(r.name);
      CAPTURE(cut);
      check_same(decode({r.stream.substr(0, cut), r.stream.substr(cut)}), r.expected);
    }
}

TEST_CASE("a reply is decoded the same byte by byte") {
  for (const auto& r : rows) {
    CAPTURE(r.name);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < r.stream.size(); ++i)
      bytes.push_back(r.stream.substr(i, 1));
    check_same(decode(bytes), r.expected);
  }
}

TEST_CASE("another branch is read if it is wanted") {
  check_same(decode({named_reply}, 1), {{"Hel", "lo"}, "", "", "a2", "length", 0});
}

TEST_CASE("pieces are delivered with the packet that completes them") {
  reply_decoder decoder;
  deltas out;
  decoder.feed("data: {\"v\":\"a\"}\n", out);
  CHECK(out.empty());
  decoder.feed("\ndata: {\"v\":\"b\"}\n\ndata: {\"v\":", out);
  CHECK(out.text == "ab");
  CHECK(out.ends == std::vector<std::uint32_t>{1, 2});
}

TEST_CASE("an error is known as soon as its line has arrived, and the first one counts") {
  reply_decoder decoder;
  deltas out;
  decoder.feed("{\"code\":\"first\"}\n{\"code\":\"second\"}\n", out);
  REQUIRE(decoder.error());
  decoder.feed("event: error\ndata: {\"code\":\"third\"}\n\ndata: {\"v\":\"a\"}\n\n", out);
  decoder.finish(out);
  CHECK(decoder.error()->code == "first");
  CHECK(out.empty());
}

TEST_CASE("an endless event is malformed") {
  reply_decoder decoder;
  deltas out;
  decoder.feed("data: {\"v\":\"a\"}\n\n", out);
  const std::string packet(1 << 16, 'x');
  for (int i = 0; i < 17; ++i)
    decoder.feed(packet, out);
  REQUIRE(decoder.error());
  CHECK(decoder.error()->code == "malformed_reply");
  CHECK(out.text == "a");
}

TEST_CASE("endless nesting is skipped") {
  const auto stream = "data: {\"v\":\"a\"}\n\ndata: " + std::string(100'000, '[') + "\n\n";
  check_same(decode({stream}), {{"a"}, "", "", "", "", 1});
}
