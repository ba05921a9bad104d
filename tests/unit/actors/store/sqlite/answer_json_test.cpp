#include "actors/store/sqlite/answer_json.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using chat::finish_reason;
using strings = std::vector<std::string>;

namespace {

strings pieces_of(const deltas& all) {
  strings result;
  all.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

deltas members(const strings& pieces) {
  deltas result{deltas::form::members};
  for (const auto& piece : pieces)
    result.push_back(piece);
  return result;
}

} // namespace

TEST_CASE("an answer of text is read as it was written, in one piece") {
  answered_turn t;
  t.match = session_match::seeded;
  t.pieces.push_back("你好, \"cat\"\n");
  t.pieces.push_back("\x01 and on");
  t.end = finish_reason::length;
  t.count = 2;
  auto read = parse_answer(answer_json(t));
  REQUIRE(read);
  CHECK(read->count == 2);
  CHECK(read->match == session_match::seeded);
  CHECK(read->pieces.what == deltas::form::text);
  CHECK(pieces_of(read->pieces) == strings{"你好, \"cat\"\n\x01 and on"});
  CHECK(read->end.reason == finish_reason::length);
  CHECK(read->end.rest.empty());
  CHECK(read->lasting);
}

TEST_CASE("an answer in members keeps its pieces") {
  answered_turn t;
  t.match = session_match::explicit_id;
  t.pieces = members({R"("choices":[{"delta":{"content":"a"}}])", R"("choices":[1])"});
  t.end.rest = members({R"("choices":[{"finish_reason":"stop"}])", R"("usage":{})"});
  auto read = parse_answer(answer_json(t));
  REQUIRE(read);
  CHECK(read->match == session_match::explicit_id);
  CHECK(read->pieces.what == deltas::form::members);
  CHECK(pieces_of(read->pieces) == pieces_of(t.pieces));
  CHECK(pieces_of(read->end.rest) == pieces_of(t.end.rest));
}

TEST_CASE("a whole answer has no piece before its end") {
  answered_turn t;
  t.end.rest = members({"\"choices\":[]"});
  auto read = parse_answer(answer_json(t));
  REQUIRE(read);
  CHECK(read->pieces.empty());
  CHECK(pieces_of(read->end.rest) == strings{"\"choices\":[]"});
}

TEST_CASE("each match and reason has its word") {
  for (auto match : {session_match::explicit_id, session_match::transcript, session_match::fresh,
                     session_match::seeded})
    for (auto reason :
         {finish_reason::stop, finish_reason::length, finish_reason::content_filter}) {
      answered_turn t;
      t.match = match;
      t.end = reason;
      auto read = parse_answer(answer_json(t));
      REQUIRE(read);
      CHECK(read->match == match);
      CHECK(read->end.reason == reason);
    }
}

TEST_CASE("invalid text is not read as an answer") {
  for (const auto* text :
       {"", "{", "[]", "{}", R"({"match":"new","reason":"stop","form":"text","told":[]})",
        R"({"match":"old","reason":"stop","form":"text","told":[],"rest":[]})",
        R"({"match":"new","reason":"so","form":"text","told":[],"rest":[]})",
        R"({"match":"new","reason":"stop","form":"song","told":[],"rest":[]})",
        R"({"match":"new","reason":"stop","form":"text","told":[1],"rest":[]})",
        R"({"match":"new","reason":"stop","form":"text","told":[],"rest":"x"})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_answer(text));
  }
  CHECK(parse_answer(R"({"match":"new","reason":"stop","form":"text","told":[],"rest":[]})"));
}
