#include "bench/load/conversation.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::load;
namespace json = nekod::json;

namespace {

options plan(std::uint64_t turns, continuation by) {
  options o;
  o.target = {"host", "1", "/v1"};
  o.turns = turns;
  o.by = by;
  o.message = "\"{turn}\" of {conversation}";
  o.api_key = "key";
  return o;
}

/// The body of a request, after checking its length.
std::string body_of(const std::string& request) {
  const auto end = request.find("\r\n\r\n");
  const auto length = request.find("Content-Length: ");
  REQUIRE(length < end);
  const auto body = request.substr(end + 4);
  CHECK(std::stoul(request.substr(length + 16)) == body.size());
  return body;
}

} // namespace

TEST_CASE("a request has everything that HTTP and the API require") {
  const auto o = plan(1, continuation::history);
  const post_writer w{o};
  const auto request = conversation{o, w, "c1"}.next_turn();
  CHECK(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: host:1\r\n"));
  CHECK(request.find("\r\nAuthorization: Bearer key\r\n") != std::string::npos);
  CHECK(body_of(request) == R"({"model":"mihoyo-orange_cat","messages":)"
                            R"([{"role":"user","content":"\"1\" of c1"}]})");
}

TEST_CASE("by history each turn sends all messages before it") {
  const auto o = plan(0, continuation::history);
  const post_writer w{o};
  conversation c{o, w, "c1"};
  c.next_turn();
  c.answered(R"(so \u4f60)");
  const auto body = body_of(c.next_turn());
  CHECK(json::parse(body).error == json::fault::none);
  CHECK(body.find(R"([{"role":"user","content":"\"1\" of c1"},)"
                  R"({"role":"assistant","content":"so \u4f60"},)"
                  R"({"role":"user","content":"\"2\" of c1"}])") != std::string::npos);
  CHECK_FALSE(c.over());
}

TEST_CASE("by session each turn sends the newest message and the name") {
  const auto o = plan(2, continuation::session);
  const post_writer w{o};
  conversation c{o, w, "c1"};
  c.next_turn();
  CHECK_FALSE(c.over());
  c.answered("so");
  const auto body = body_of(c.next_turn());
  CHECK(body.find(R"("messages":[{"role":"user","content":"\"2\" of c1"}],"session_id":"c1"})") !=
        std::string::npos);
  CHECK(c.over());
}

TEST_CASE("the text that an answer must contain may depend on the turn") {
  auto o = plan(0, continuation::history);
  o.expected_text = "message {turn} of {conversation}";
  const post_writer w{o};
  conversation c{o, w, "c1"};
  c.next_turn();
  CHECK(c.expected_text() == "message 1 of c1");
}

TEST_CASE("responses are asked for with their own names") {
  auto o = plan(0, continuation::history);
  o.api = api::responses;
  o.stream = true;
  const post_writer w{o};
  conversation c{o, w, "c1"};
  const auto first = c.next_turn();
  CHECK(first.starts_with("POST /v1/responses HTTP/1.1\r\n"));
  CHECK(body_of(first) == R"({"model":"mihoyo-orange_cat","stream":true,"input":)"
                          R"([{"role":"user","content":"\"1\" of c1"}]})");
  c.answered("so", "resp_1");
  CHECK(body_of(c.next_turn()).find(R"({"role":"assistant","content":"so"})") != std::string::npos);
}

TEST_CASE("by the previous response each turn sends the newest message and the id") {
  auto o = plan(0, continuation::previous);
  o.api = api::responses;
  const post_writer w{o};
  conversation c{o, w, "c1"};
  CHECK(body_of(c.next_turn()).find("previous") == std::string::npos);
  c.answered("so", "resp_1");
  CHECK(body_of(c.next_turn()) ==
        R"({"model":"mihoyo-orange_cat","previous_response_id":"resp_1","input":)"
        R"([{"role":"user","content":"\"2\" of c1"}]})");
}
