#include "protocol/anuneko/calls.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod::anuneko;

namespace {

struct expected_call {
  std::string_view method;
  std::string_view path;
  std::string_view content_type;
  std::string_view body;
};

void check_call(const call& c, const expected_call& expected) {
  CHECK(c.method == expected.method);
  CHECK(c.path == expected.path);
  CHECK(c.content_type == expected.content_type);
  CHECK(c.body == expected.body);
}

service_error failure(std::string_view code, std::string_view detail = {}) {
  service_error e;
  e.code = code;
  e.detail = detail;
  return e;
}

} // namespace

TEST_CASE("a call has the service's method, path and body") {
  check_call(view_user(), {"GET", "/user/view", "", ""});
  check_call(create_chat("Orange \"Cat\""),
             {"POST", "/chat", "application/json", R"({"model":"Orange \"Cat\""})"});
  check_call(select_model("c\"1", "黑猫"), {"POST", "/user/select_model", "application/json",
                                            R"({"chat_id":"c\"1","model":"黑猫"})"});
  check_call(post_message("c-1", "你好\n\"cat\""),
             {"POST", "/msg/c-1/stream", "text/plain", R"({"contents":["你好\n\"cat\""]})"});
  check_call(select_choice("m1", 1), {"POST", "/msg/select-choice", "application/json",
                                      R"({"msg_id":"m1","choice_idx":1})"});
}

TEST_CASE("no chat id can change the rest of the path") {
  struct row {
    std::string_view id;
    std::string_view path;
  };
  const row rows[] = {
      {"0b5e-AZ_az~09", "/msg/0b5e-AZ_az~09/stream"},
      {"a/b?c#d e%", "/msg/a%2Fb%3Fc%23d%20e%25/stream"},
      {"..", "/msg/%2E%2E/stream"},
      {"猫\r\n", "/msg/%E7%8C%AB%0D%0A/stream"},
  };
  for (const auto& r : rows)
    CHECK(post_message(r.id, "x").path == r.path);
}

TEST_CASE("an error object is read in all its forms") {
  struct row {
    std::string_view body;
    std::string_view code;
    std::string_view detail;
  };
  const row rows[] = {
      {R"({"code":"chat_choice_shown","detail":"choose first"})", "chat_choice_shown",
       "choose first"},
      {R"({"code":40001,"msg":"bad"})", "40001", "bad"},
      {R"({"code":-1,"message":"bad","data":null})", "-1", "bad"},
      {R"({"code":"401"})", "401", ""},
      {R"({"code":18446744073709551615})", "18446744073709551615", ""},
      {R"({"code":"x","detail":7})", "x", "7"},
      {R"({"code":"x","detail":{"a":1}})", "x", ""},
      {R"({"error":"unauthorized"})", "unauthorized", ""},
      {R"({"error":"unauthorized","message":"log in"})", "unauthorized", "log in"},
      {R"({"error":{"code":"invalid_token","message":"who?"}})", "invalid_token", "who?"},
      {R"({"error":{"type":"server_error","code":null,"message":"m"}})", "server_error", "m"},
      {R"({"error":{"message":"m"}})", "error", "m"},
      {R"({"error":true,"msg":"m"})", "error", "m"},
      {R"({"code":0,"error":"late"})", "late", ""},
      {R"({"code":5,"error":{"code":6,"message":"m"}})", "5", "m"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.body);
    const auto e = parse_error(r.body);
    REQUIRE(e);
    CHECK(e->code == r.code);
    CHECK(e->detail == r.detail);
  }
}

TEST_CASE("anything else is not an error object") {
  for (const std::string_view body : {"",
                                      "ok",
                                      "{",
                                      "null",
                                      "[]",
                                      "7",
                                      R"("code")",
                                      "{}",
                                      R"({"code":0,"msg":"","data":{}})",
                                      R"({"code":"0"})",
                                      R"({"code":"ok"})",
                                      R"({"code":"","detail":"x"})",
                                      R"({"code":null})",
                                      R"({"code":[1]})",
                                      R"({"error":null})",
                                      R"({"error":false})",
                                      R"({"error":""})",
                                      R"({"error":{}})",
                                      R"({"error":0})",
                                      R"([{"code":1}])",
                                      R"({"data":{"code":1}})",
                                      R"({"chat_id":"c1"})",
                                      "{\"code\":\"\xFF\"}"}) {
    CAPTURE(body);
    CHECK_FALSE(parse_error(body));
  }
}

TEST_CASE("a chat id is found, wrapped or not") {
  struct row {
    std::string_view body;
    std::optional<std::string> id;
  };
  const row rows[] = {
      {R"({"chat_id":"c1"})", "c1"},
      {R"({"id":"c2"})", "c2"},
      {R"({"id":"no","chat_id":"c3"})", "c3"},
      {R"({"code":0,"msg":"","data":{"chat_id":"c4"}})", "c4"},
      {R"({"data":{"id":12345678901}})", "12345678901"},
      {R"({"data":null,"id":"c5"})", "c5"},
      {R"({"chat_id":""})", std::nullopt},
      {R"({"chat_id":null})", std::nullopt},
      {R"({"chat_id":{"id":"x"}})", std::nullopt},
      {R"({"data":{}})", std::nullopt},
      {R"(["c1"])", std::nullopt},
      {"c1", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& r : rows) {
    CAPTURE(r.body);
    CHECK(parse_chat_id(r.body) == r.id);
  }
}

TEST_CASE("model names are found, wrapped or not") {
  using names = std::vector<std::string>;
  struct row {
    std::string_view body;
    std::optional<names> models;
  };
  const row rows[] = {
      {R"({"models":["Orange Cat","Exotic Shorthair"],"x":1})",
       names{"Orange Cat", "Exotic Shorthair"}},
      {R"({"code":0,"data":{"models":["黑猫"]}})", names{"黑猫"}},
      {R"({"models":[{"name":"A"},{"model":"B"},{"x":1},null,"","C"]})", names{"A", "B", "C"}},
      {R"({"models":[]})", names{}},
      {R"({"models":"A"})", std::nullopt},
      {R"({"code":0,"data":{}})", std::nullopt},
      {"[]", std::nullopt},
      {"{", std::nullopt},
  };
  for (const auto& r : rows) {
    CAPTURE(r.body);
    CHECK((parse_models(r.body) == r.models));
  }
}

TEST_CASE("a refusal of the account is distinguished from other errors") {
  for (const std::string_view code :
       {"401", "403", "unauthorized", "Unauthorized", "UNAUTHENTICATED", "forbidden",
        "invalid_token", "invalid-token", "token expired", "TOKEN_EXPIRED", "user_token_invalid"}) {
    CAPTURE(code);
    CHECK(refuses_account(failure(code)));
  }
  for (const std::string_view code :
       {"", "400", "404", "429", "4010", "1401", "chat_choice_shown", "token", "rate_limited"}) {
    CAPTURE(code);
    CHECK_FALSE(refuses_account(failure(code, "unauthorized")));
  }
}

TEST_CASE("a public model id follows the manual's rule") {
  CHECK(public_model_id(default_model) == "mihoyo-orange_cat");
  CHECK(public_model_id("Exotic Shorthair") == "mihoyo-exotic_shorthair");
  CHECK(public_model_id("American  ShortHair 2") == "mihoyo-american__shorthair_2");
  CHECK(public_model_id("黑猫") == "mihoyo-黑猫");
  CHECK(public_model_id("") == "mihoyo-");
}
