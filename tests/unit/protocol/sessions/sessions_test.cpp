#include "protocol/sessions/health.hpp"
#include "protocol/sessions/sessions.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

std::chrono::system_clock::time_point since_epoch(std::chrono::microseconds t) {
  return std::chrono::system_clock::time_point{t};
}

session_info session(std::string id, bool has_upstream_chat) {
  session_info s;
  s.id = std::move(id);
  s.model = "mihoyo-orange_cat";
  s.created_at = since_epoch(1677672000s);
  s.last_used = since_epoch(1677672060s + 5us);
  s.turns = 3;
  s.has_upstream_chat = has_upstream_chat;
  return s;
}

} // namespace

TEST_CASE("a timestamp is UTC to the microsecond") {
  struct row {
    std::chrono::microseconds time;
    std::string_view text;
  };
  const row rows[] = {
      {0us, "1970-01-01T00:00:00.000000"},
      {-1us, "1969-12-31T23:59:59.999999"},
      {1677672000s, "2023-03-01T12:00:00.000000"},
      {1709251199s + 5us, "2024-02-29T23:59:59.000005"},
      {4102444799s + 999999us, "2099-12-31T23:59:59.999999"},
  };
  for (const auto& r : rows)
    CHECK(timestamp(since_epoch(r.time)) == r.text);
}

TEST_CASE("sessions are listed in the manual's shape") {
  CHECK(session_list_json({}) == R"({"sessions":[],"total":0,"has_more":false})");
  CHECK(session_search_json({}, 9) == R"({"sessions":[],"total":0,"has_more":false,"searched":9})");
  session_page page;
  page.sessions = {session("a", true), session("b", false)};
  page.sessions[1].state = "answering";
  page.total = 7;
  page.next = page.sessions[1].place();
  auto b = session_json(page.sessions[1]);
  CHECK(b == R"({"id":"b","model":"mihoyo-orange_cat","created_at":"2023-03-01T12:00:00.000000",)"
             R"("has_anuneko_chat":false,"last_used_at":"2023-03-01T12:01:00.000005","turns":3,)"
             R"("state":"answering"})");
  auto followed = page.sessions[1];
  followed.running_response = "resp_1";
  CHECK(session_json(followed) == b.substr(0, b.size() - 1) + R"(,"response":"resp_1"})");
  CHECK(session_list_json(page) ==
        R"({"sessions":[)"
        R"({"id":"a","model":"mihoyo-orange_cat","created_at":"2023-03-01T12:00:00.000000",)"
        R"("has_anuneko_chat":true,"last_used_at":"2023-03-01T12:01:00.000005","turns":3,)"
        R"("state":"stored"},)" +
            b + R"(],"total":7,"has_more":true,"next":"1677672000000000~b"})");
}

TEST_CASE("a cursor is read as it was written, and nothing else is one") {
  const session_place place{since_epoch(1677672000s + 5us), "my:own.-_id"};
  CHECK(to_text(place) == "1677672000000005~my:own.-_id");
  CHECK(parse_place(to_text(place)) == place);
  CHECK(parse_place("0~a") == session_place{since_epoch(0us), "a"});
  for (const auto* text : {"", "~", "a", "5", "5~", "~a", "-5~a", "5x~a", " 5~a", "5~a b", "5~a~b",
                           "9999999999999999~a", "99999999999999999999~a"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_place(text).has_value());
  }
}

TEST_CASE("a deletion is answered in the manual's words") {
  CHECK(session_deleted_json(language::zh) == R"({"status":"success","message":"会话已删除"})");
  CHECK(session_deleted_json(language::en) ==
        R"({"status":"success","message":"The session was deleted"})");
  CHECK(sessions_deleted_json(0, language::zh) ==
        R"({"status":"success","message":"会话已删除","deleted":0})");
  CHECK(sessions_deleted_json(12, language::en) ==
        R"({"status":"success","message":"The sessions were deleted","deleted":12})");
}

TEST_CASE("a missing session is reported in both shapes") {
  CHECK(session_missing_json(language::zh) ==
        R"({"status":"error","message":"会话不存在",)"
        R"("error":{"message":"会话不存在","type":"invalid_request_error","param":null,)"
        R"("code":"session_not_found"}})");
  const auto doc = json::parse(session_missing_json(language::en));
  REQUIRE(doc);
  CHECK(json::find_string(doc.root, "message") == "The session does not exist");
}

TEST_CASE("health has the time and the version") {
  CHECK(health_json(since_epoch(1677672000s), "1.0.0") ==
        R"({"status":"healthy","timestamp":"2023-03-01T12:00:00.000000","version":"1.0.0"})");
}

TEST_CASE("the front page names the version and every endpoint of the manual") {
  const auto doc = json::parse(front_page_json("1.0.0"));
  REQUIRE(doc);
  CHECK(json::find_string(doc.root, "version") == "1.0.0");
  const auto* endpoints = json::find(doc.root, "endpoints");
  REQUIRE(endpoints != nullptr);
  CHECK(json::find_string(*endpoints, "chat_completions") == "POST /v1/chat/completions");
  CHECK(json::find_string(*endpoints, "models") == "GET /v1/models");
  CHECK(json::find_string(*endpoints, "sessions") == "GET /sessions");
  CHECK(json::find_string(*endpoints, "session") == "GET /sessions/{id}");
  CHECK(json::find_string(*endpoints, "delete_session") == "DELETE /sessions/{id}");
  CHECK(json::find_string(*endpoints, "delete_sessions") == "DELETE /sessions");
  CHECK(json::find_string(*endpoints, "health") == "GET /health");
}

TEST_CASE("readiness is reported with its reasons") {
  CHECK(alive_json() == R"({"status":"alive"})");
  CHECK(readiness_json({}) == R"({"status":"ready","reasons":[],"upstreams":[]})");
  CHECK(readiness_json({}, {}, true) ==
        R"({"status":"ready","reasons":[],"upstreams":[],"store":"unavailable"})");
  CHECK(readiness_json({"draining", "upstream_unknown"}) ==
        R"({"status":"not_ready","reasons":["draining","upstream_unknown"],"upstreams":[]})");
  upstream_standing cats;
  cats.name = "cats";
  cats.circuit = "open";
  cats.reasons = {"circuit_open", "accounts_limited"};
  cats.limits = {{"orange", 3, std::chrono::seconds{7}}};
  cats.working = 1;
  cats.refused = 2;
  cats.limited = 3;
  cats.unreachable = 4;
  CHECK(readiness_json({}, {cats, {}}) ==
        R"({"status":"ready","reasons":[],"upstreams":[{"name":"cats","circuit":"open",)"
        R"("accounts":{"working":1,"refused":2,"limited":3,"unreachable":4},)"
        R"("reasons":["circuit_open","accounts_limited"],)"
        R"("limits":[{"model":"orange","accounts":3,"seconds":7}]},)"
        R"({"name":"","circuit":"closed",)"
        R"("accounts":{"working":0,"refused":0,"limited":0,"unreachable":0},)"
        R"("reasons":[],"limits":[]}]})");
}

TEST_CASE("operators see since when an upstream is in its state, and each account") {
  using std::chrono::milliseconds;
  upstream_standing cats;
  cats.name = "cats";
  shown_account one;
  one.id = "one";
  one.state = "refused";
  one.code = "upstream_auth_failed";
  one.in_state = milliseconds{500};
  one.rest = milliseconds{2000};
  one.turns = 3;
  one.weight = 1.5;
  shown_account two;
  two.id = "two";
  two.state = "unknown";
  cats.accounts = {one, two};
  cats.since_change = milliseconds{700};
  cats.to_probe = milliseconds{300};
  const auto shown = readiness_json({}, {cats}, false, since_epoch(1000ms));
  const auto details = shown.substr(shown.find(R"("limits")"));
  CHECK(details == R"("limits":[],"circuit_since":300,"next_probe":1300,"account_list":[)"
                   R"({"id":"one","state":"refused","code":"upstream_auth_failed","since":500,)"
                   R"("rests_until":3000,"turns":3,"weight":1.5},)"
                   R"({"id":"two","state":"unknown","code":null,"since":null,)"
                   R"("rests_until":null,"turns":0,"weight":1}]}]})");
  CHECK(readiness_json({}, {cats}).find("account_list") == std::string::npos);
}
