#include "protocol/anuneko/plain_event.hpp"
#include "protocol/anuneko/reply_decoder.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <random>
#include <vector>

using namespace nekod;
using anuneko::take_plain_event;

using strings = std::vector<std::string>;

namespace {

/// The result for an event; nothing if it was left to a JSON parser.
struct taken {
  bool whole = false;
  strings pieces;
  std::string message_id;
};

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

taken take(std::string_view event, int branch = 0) {
  taken result;
  deltas out;
  result.whole = take_plain_event(event, branch, out, result.message_id);
  result.pieces = pieces_of(out);
  CHECK(out.text.size() == (out.ends.empty() ? 0 : out.ends.back()));
  return result;
}

void check_same(const taken& got, const taken& expected) {
  CHECK(got.whole == expected.whole);
  CHECK((got.pieces == expected.pieces));
  CHECK(got.message_id == expected.message_id);
}

/// The decoder's result without the fast path, which white space in the event disables.
taken decode(const std::string& event, int branch) {
  anuneko::reply_decoder decoder{branch};
  deltas out;
  decoder.feed("data: " + event.substr(0, 1) + ' ' + event.substr(1) + "\n\n", out);
  decoder.finish(out);
  return {!decoder.error() && decoder.skipped() == 0, pieces_of(out), decoder.message_id()};
}

/// Joins random parts of events, most of which make no valid event.
std::string random_event(std::minstd_rand& random) {
  static const strings parts{R"({"c":[)",
                             R"({"v":")",
                             R"("})",
                             R"(",)",
                             R"("c":)",
                             "1",
                             "0",
                             "01",
                             "-0",
                             "1e1",
                             "]",
                             "}",
                             "]}",
                             ",",
                             "a",
                             "猫",
                             "\\n",
                             "\\u4f60",
                             "\\",
                             "\"",
                             "\xE4\xBD",
                             "\x01",
                             R"({"msg_id":")",
                             R"(","c":[)"};
  std::string result = random() % 2 == 0 ? R"({"c":[{"v":")" : R"({"msg_id":"m","v":")";
  for (auto n = random() % 6; n > 0; --n)
    result += parts[random() % parts.size()];
  static const strings ends{R"("}]})", R"(","c":1}]})", R"("})", ""};
  return result + ends[random() % ends.size()];
}

} // namespace

TEST_CASE("a plain event is read to its text and its id") {
  check_same(take(R"({"c":[{"v":"Hel"}]})"), {true, {"Hel"}, ""});
  check_same(take(R"({"msg_id":"a1","c":[{"v":"你"},{"v":"x","c":1},{"v":"好","c":0}]})"),
             {true, {"你", "好"}, "a1"});
  check_same(take(R"({"c":[{"v":"你"},{"v":"x","c":1}]})", 1), {true, {"x"}, ""});
  check_same(take(R"({"msg_id":"","v":"a\n\"\\\/\b\f\r\tb"})"), {true, {"a\n\"\\/\b\f\r\tb"}, ""});
  check_same(take(R"({"v":""})"), {true, {}, ""});
}

TEST_CASE("other events are left alone") {
  for (const auto* event : {"",
                            "{}",
                            R"({"c":[]})",
                            R"({"c":[{"c":1}]})",
                            R"({"c":[{"v":7}]})",
                            R"({"c":[{"v":"a","c":null}]})",
                            R"({"c":[{"v":"a","c":01}]})",
                            R"({"c":[{"v":"a","c":-0}]})",
                            R"({"c":[{"v":"a","c":1.0}]})",
                            R"({"c":[{"v":"a","c":99999999999}]})",
                            R"({"c":[{"v":"a","c":0,"x":1}]})",
                            R"({"v":"a","code":"x"})",
                            R"({"v":"a"} )",
                            R"({"v":"a"}})",
                            R"({"v":"a)",
                            R"({"v":"\u4f60"})",
                            R"({"v":"a\)",
                            "{\"v\":\"a\xE4\xBD\"}",
                            "{\"v\":\"a\nb\"}",
                            R"({"msg_id":"m"})",
                            R"({"msg_id":"m","c":[{"v":"a"},{"v":"b"])"}) {
    CAPTURE(event);
    check_same(take(event), {false, {}, ""});
  }
}

TEST_CASE("what came before stays, whatever the event turns out to be") {
  deltas out;
  out.push_back("before");
  std::string id = "old";
  CHECK_FALSE(take_plain_event(R"({"msg_id":"new","c":[{"v":"a"},{"v":8}]})", 0, out, id));
  CHECK((pieces_of(out) == strings{"before"}));
  CHECK(id == "old");
  CHECK(take_plain_event(R"({"msg_id":"new","c":[{"v":"a"}]})", 0, out, id));
  CHECK((pieces_of(out) == strings{"before", "a"}));
  CHECK(id == "new");
}

TEST_CASE("a JSON parser reads the same from an event") {
  std::minstd_rand random{7};
  auto times = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto event = random_event(random);
    const auto branch = static_cast<int>(random() % 2);
    const auto got = take(event, branch);
    if (!got.whole)
      continue;
    ++times;
    CAPTURE(event);
    check_same(got, decode(event, branch));
  }
  CHECK(times > 500);
}
