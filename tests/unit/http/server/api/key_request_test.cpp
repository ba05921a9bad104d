#include "http/server/api/service/key_request.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace nekod::http;
using chat::failure_code;

TEST_CASE("a new key needs a tenant only") {
  auto key = parse_new_key(R"({"tenant":"alice"})");
  REQUIRE(key);
  CHECK(*key == api_key{"alice"});
  key = parse_new_key(R"({"tenant":"a.b-c_9","admin":true,"rate_limit":"5 per day",)"
                      R"("chat_rate_limit":""})");
  REQUIRE(key);
  CHECK(*key == api_key{"a.b-c_9", true, parse_rate_limit("5 per day").operator*(), rate_limit{}});
}

TEST_CASE("null is the general limit, empty text is none, and what is left out stays") {
  auto change = parse_key_change(R"({"rate_limit":null,"chat_rate_limit":""})");
  REQUIRE(change);
  CHECK_FALSE(change->admin);
  REQUIRE(change->requests);
  CHECK_FALSE(change->requests->has_value());
  REQUIRE(change->chats);
  CHECK(*change->chats == rate_limit{});
  change = parse_key_change("{}");
  REQUIRE(change);
  CHECK_FALSE(change->requests);
  CHECK_FALSE(change->chats);
}

TEST_CASE("a wrong body is refused, and the field is named") {
  const struct {
    const char* body;
    failure_code code;
    const char* param;
  } cases[] = {
      {"", failure_code::empty_body, ""},
      {"{", failure_code::invalid_json, ""},
      {"[]", failure_code::invalid_type, ""},
      {"{}", failure_code::missing_required_parameter, "tenant"},
      {R"({"tenant":null})", failure_code::missing_required_parameter, "tenant"},
      {R"({"tenant":1})", failure_code::invalid_type, "tenant"},
      {R"({"tenant":""})", failure_code::invalid_value, "tenant"},
      {R"({"tenant":"a b"})", failure_code::invalid_value, "tenant"},
      {R"({"tenant":"a","admin":"yes"})", failure_code::invalid_type, "admin"},
      {R"({"tenant":"a","rate_limit":5})", failure_code::invalid_type, "rate_limit"},
      {R"({"tenant":"a","rate_limit":"often"})", failure_code::invalid_value, "rate_limit"},
      {R"({"tenant":"a","chat_rate_limit":"0 per day"})", failure_code::invalid_value,
       "chat_rate_limit"},
      {R"({"tenant":"a","rate-limit":"1 per day"})", failure_code::invalid_value, "rate-limit"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.body);
    auto key = parse_new_key(each.body);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == each.code);
    CHECK(key.error().param == each.param);
  }
  auto change = parse_key_change(R"({"tenant":"b"})");
  REQUIRE_FALSE(change);
  CHECK(change.error().param == "tenant");
}
