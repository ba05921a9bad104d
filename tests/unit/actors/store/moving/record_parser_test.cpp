#include "actors/store/moving/record_parser.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

const auto epoch = std::chrono::system_clock::time_point{};

/// A session with something in each member.
session_record full_session() {
  session_record r;
  r.info.id = "s-1";
  r.info.tenant = "alice";
  r.info.model = "cat";
  r.info.created_at = epoch + 5us;
  r.info.last_used = epoch + 7s;
  r.info.turns = 3;
  r.info.conversation = std::string(48, 'a');
  r.info.newest_response = "resp_1";
  r.info.kept_until = std::chrono::system_clock::time_point::max();
  r.metadata = R"({"a":"b"})";
  r.scope = "scope";
  r.tip = conversation_tip::of(std::string{"\0\xff tip", 6});
  r.prompt = "prompt";
  r.chat.id = "chat";
  r.chat.upstream = "cats";
  r.chat.account = "account";
  r.chat.model = "orange";
  r.chat.is_new = true;
  r.chat.unsettled_message = "m";
  r.chat.messages = 2;
  r.chat.unsure = true;
  r.transcript.emplace_back(chat::role::user, "line one\nline \"two\" \xe7\x8c\xab");
  r.transcript.emplace_back(chat::role::assistant, "");
  r.transcript.back().items = R"([{"id":"msg_1"}])";
  r.answer.emplace();
  r.answer->identity = std::string{"\x01\x00", 2};
  r.answer->answer_id.id = "chatcmpl-1";
  r.answer->pieces.push_back("meow");
  return r;
}

response_record full_response() {
  response_record r;
  r.id = "resp_1";
  r.tenant = "alice";
  r.session = "s-1";
  r.parent = "resp_0";
  r.state = response_state::chainable;
  r.object = R"({"id":"resp_1"})";
  r.input.emplace_back("msg_1", R"({"id":"msg_1"})");
  r.output.emplace_back("msg_2", R"({"id":"msg_2"})");
  r.created_at = epoch + 1s;
  return r;
}

template <class T>
T parsed(const std::string& line) {
  auto found = moving::parse_line(line);
  REQUIRE_MESSAGE(found, (found ? std::string{} : found.error()));
  REQUIRE(std::holds_alternative<T>(*found));
  return std::get<T>(std::move(*found));
}

std::string problem_of(const std::string& line) {
  const auto found = moving::parse_line(line);
  return found ? "" : found.error();
}

/// *text* with its first *from* replaced by *to*.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != text.npos, from);
  return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("a session is read as it was written, in one line") {
  const auto line = moving::line_of(full_session());
  CHECK(line.find('\n') == line.npos);
  const auto r = parsed<session_record>(line);
  CHECK(moving::line_of(r) == line);
  const auto expected = full_session();
  CHECK(r.tip.digest() == expected.tip.digest());
  CHECK(r.info.kept_until == expected.info.kept_until);
  CHECK(r.info.has_upstream_chat);
  CHECK(r.chat.unsure);
  CHECK(r.transcript.size() == 2);
  CHECK(r.transcript[0].text == expected.transcript[0].text);
  CHECK(r.transcript[1].items == expected.transcript[1].items);
  REQUIRE(r.answer);
  CHECK(r.answer->identity == expected.answer->identity);
  CHECK(r.answer->lasting);
}

TEST_CASE("a session with nothing in it is read as it was written") {
  session_record r;
  r.info.id = "s";
  const auto line = moving::line_of(r);
  const auto again = parsed<session_record>(line);
  CHECK(moving::line_of(again) == line);
  CHECK(again.info.kept_until == r.info.kept_until);
  CHECK_FALSE(again.answer);
  CHECK_FALSE(again.prompt);
}

TEST_CASE("a response is read as it was written") {
  CHECK(parsed<response_record>(moving::line_of(full_response())) == full_response());
}

TEST_CASE("the head and the end are read as they were written") {
  const std::string key(64, 'A');
  CHECK(parsed<moving::head>(moving::line_of(moving::head{key})).digest_key == key);
  const moving::end e{3, 4};
  CHECK(parsed<moving::end>(moving::line_of(e)) == e);
}

TEST_CASE("what is wrong in a line is named") {
  const auto session = moving::line_of(full_session());
  const auto response = moving::line_of(full_response());
  const auto head = moving::line_of(moving::head{std::string(64, 'A')});
  struct row {
    std::string line, problem;
  };
  const row rows[] = {
      {"", "is not a JSON object"},
      {"{", "is not a JSON object"},
      {"[]", "is not a JSON object"},
      {"{}", "is no head, session, response or end"},
      {R"({"session":3})", "session must be an object"},
      {R"({"session":{}})", "session.id is missing"},
      {with(session, R"("id":"s-1")", R"("id":"")"), "session.id must not be empty"},
      {with(session, R"("id":"s-1")", R"("id":1)"), "session.id must be a string"},
      {with(session, "s-1", std::string(1001, 'x')), "session.id must have at most 1000 bytes"},
      {with(session, "alice", "a\\u0000"), "session.tenant must not have a NUL"},
      {with(session, R"("created_at":5)", R"("created_at":5.5)"),
       "session.created_at must be a whole number of 64 bits"},
      {with(session, R"("turns":3)", R"("turns":-3)"), "session.turns must not be negative"},
      {with(session, R"("tip":"00)", R"("tip":"0x)"), "session.tip must be hexadecimal digits"},
      {with(session, R"("tip":"00)", R"("tip":"0)"), "session.tip must be hexadecimal digits"},
      {with(session, R"("is_new":true)", R"("is_new":1)"),
       "session.chat.is_new must be true or false"},
      {with(session, R"({\"a\":\"b\"})", "[]"), "session.metadata must be a JSON object"},
      {with(session, R"([{\"id\":\"msg_1\"}])", "{}"),
       "session.messages[1].items must be a JSON array"},
      {with(session, R"("message":")", R"("message":"!)"),
       "session.messages[0].message must be a message"},
      {with(session, R"("answer":"{)", R"("answer":"!)"),
       "session.answer.answer must be an answer"},
      {with(response, R"("object":"{)", R"("object":"!)"), "response.object must be a JSON object"},
      {with(response, R"("chainable":true,)", ""), "response.chainable is missing"},
      {with(response, R"({\"id\":\"msg_2\"})", "3"),
       "response.output[0].item must be a JSON object"},
      {with(response, R"("input":[)", R"("input":[4,)"), "response.input[0] must be an object"},
      {with(head, R"("nekod_sessions":1)", R"("nekod_sessions":2)"),
       "the head.nekod_sessions has a version of the format that this nekod does not know"},
      {with(head, "AAAA", "AAA"),
       "the head.digest_key must be 64 hexadecimal digits, in upper case"},
      {R"({"end":{"sessions":1}})", "end.responses is missing"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.line);
    CHECK(problem_of(r.line) == r.problem);
  }
}

TEST_CASE("members that are not known are ignored") {
  const auto line = moving::line_of(full_response());
  CHECK(parsed<response_record>(with(line, R"({"id")", R"({"new":[1],"id")")) == full_response());
}
