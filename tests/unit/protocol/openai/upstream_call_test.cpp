#include "protocol/openai/failure_words.hpp"
#include "protocol/openai/upstream_call.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace nekod::openai;

namespace {

error failure(std::uint16_t status, std::string_view body) {
  return failure_of(status, parse_failure(body));
}

} // namespace

TEST_CASE("a request goes on as it was written, with another model and other messages") {
  auto r = parse_chat_request(
      "\xEF\xBB\xBF{ \"messages\":[{\"role\":\"user\",\"content\":\"hi\"}] , \"model\" : \"alias\","
      R"("temperature":0.70, "tools":[{"type":"function" ,"function":{"name":"f"}}],"odd":{"a":1e2},)"
      R"("\u006dodel":"other","session_id":"s","stream":true,"stream_options":{"include_usage":true},)"
      R"("messages":[1]})");
  REQUIRE(r);
  CHECK(upstream_body(*r, "real \"one\"", R"([{"role":"user","content":"all"}])") ==
        R"({"model":"real \"one\"","messages":[{"role":"user","content":"all"}],)"
        R"("temperature":0.70,"tools":[{"type":"function" ,"function":{"name":"f"}}],)"
        R"("odd":{"a":1e2},"stream":true,"stream_options":{"include_usage":true}})");
}

TEST_CASE("what is the client's matter reaches it in the server's words") {
  auto e = failure(400, R"({"error":{"message":"no","type":"bad","param":"x","code":"odd"}})");
  CHECK(status_of(e) == 400);
  CHECK(to_json(e, language::zh) ==
        R"({"error":{"message":"no","type":"bad","param":"x","code":"odd"}})");
  struct {
    std::uint16_t status;
    const char* body;
    error_code code;
    std::uint16_t shown;
  } const table[] = {
      {400, R"({"error":{"message":"x","code":"content_filter"}})", error_code::upstream_refused,
       400},
      {400, R"({"error":{"message":"x","code":"context_length_exceeded"}})",
       error_code::context_length_exceeded, 400},
      {400, R"({"error":{"message":"exceeds the available context size","code":400}})",
       error_code::context_length_exceeded, 400},
      {400, "", error_code::upstream_refused, 400},
      {422, R"({"detail":"x"})", error_code::upstream_refused, 422},
      {404, R"({"error":{"message":"The model `x` does not exist"}})", error_code::model_not_found,
       404},
      {429, R"({"error":{"message":"slow down"}})", error_code::rate_limit_exceeded, 429},
  };
  for (const auto& row : table) {
    CAPTURE(row.body);
    auto told = failure(row.status, row.body);
    CHECK(told.code == row.code);
    CHECK(status_of(told) == row.shown);
    CHECK(told.foreign);
  }
  // A status in place of a word is no code.
  CHECK(to_json(failure(400, R"({"error":{"message":"m","code":400}})"), language::en)
            .find(R"("code":"upstream_refused")") != std::string::npos);
}

TEST_CASE("what is between us and the server is told in our words") {
  struct {
    std::uint16_t status;
    error_code code;
  } const table[] = {
      {401, error_code::upstream_auth_failed}, {403, error_code::upstream_auth_failed},
      {402, error_code::upstream_error},       {404, error_code::upstream_error},
      {405, error_code::upstream_error},       {408, error_code::upstream_error},
      {500, error_code::upstream_error},       {503, error_code::upstream_error},
      {504, error_code::upstream_timeout},     {302, error_code::upstream_error},
  };
  for (const auto& row : table) {
    CAPTURE(row.status);
    auto e = failure(row.status, R"({"error":{"message":"the key sk-secret is wrong"}})");
    CHECK(e.code == row.code);
    CHECK_FALSE(e.foreign);
    CHECK(to_json(e, language::en).find("secret") == std::string::npos);
  }
}
