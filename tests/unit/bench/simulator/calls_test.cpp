#include "bench/simulator/calls.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;

namespace {

std::optional<api_call> call_at(std::string_view method, std::string_view path) {
  const auto r = find_route(method, path);
  return r ? std::optional{r->call} : std::nullopt;
}

} // namespace

TEST_CASE("each call has its path and method") {
  CHECK(call_at("GET", "/api/v1/user/view") == api_call::view);
  CHECK(call_at("POST", "/api/v1/chat") == api_call::chat);
  CHECK(call_at("POST", "/api/v1/user/select_model") == api_call::select_model);
  CHECK(call_at("POST", "/api/v1/msg/select-choice") == api_call::select_choice);
  CHECK(call_at("GET", "/api/v1/chat/list") == api_call::chat_list);
  const auto stream = find_route("POST", "/api/v1/msg/abc/stream");
  REQUIRE(stream);
  CHECK(stream->call == api_call::stream);
  CHECK(stream->chat_id == "abc");
  const auto messages = find_route("GET", "/api/v1/chat/abc/messages");
  REQUIRE(messages);
  CHECK(messages->call == api_call::messages);
  CHECK(messages->chat_id == "abc");
}

TEST_CASE("nothing else is a call") {
  CHECK_FALSE(call_at("GET", "/api/v1/chat"));
  CHECK_FALSE(call_at("POST", "/chat"));
  CHECK_FALSE(call_at("POST", "/api/v1/msg//stream"));
  CHECK_FALSE(call_at("POST", "/api/v1/msg/stream"));
  CHECK_FALSE(call_at("POST", "/api/v1/msg/a/b/stream"));
}

TEST_CASE("calls are found by their names") {
  for (auto name : api_call_names) {
    const auto call = api_call_named(name);
    REQUIRE(call);
    CHECK(name_of(*call) == name);
  }
  CHECK_FALSE(api_call_named("tea"));
}
