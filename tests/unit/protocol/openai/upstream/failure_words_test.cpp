#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace nekod::openai;

TEST_CASE("a failure keeps its text in any form") {
  struct {
    const char* body;
    const char* message;
    const char* type;
    const char* param;
    const char* code;
  } const shapes[] = {
      {R"({"error":{"message":"m","type":"t","param":"p","code":"c"}})", "m", "t", "p", "c"},
      {R"({"error":{"message":"m","code":400}})", "m", "", "", "400"},
      {R"({"error":"m"})", "m", "", "", ""},
      {R"({"error":"invalid_request","error_description":"m"})", "m", "", "", "invalid_request"},
      {R"({"error":"m","error_type":"validation"})", "m", "validation", "", ""},
      {R"({"object":"error","message":"m","type":"t","param":null,"code":404})", "m", "t", "",
       "404"},
      {R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})", "m",
       "overloaded_error", "", ""},
      {R"([{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}])", "m", "", "", "400"},
      {R"([{"error":{"message":"m"}},{"error":{"message":"n"}}])", "m; n", "", "", ""},
      {R"({"error":[{"message":"m","code":"c"}]})", "m", "", "", "c"},
      {R"({"errors":[{"message":"m"}]})", "m", "", "", ""},
      {R"({"errors":["m","n"]})", "m; n", "", "", ""},
      {R"({"detail":"m"})", "m", "", "", ""},
      {R"({"detail":{"error":{"message":"m","code":"c"}}})", "m", "", "", "c"},
      {R"({"detail":[{"loc":["body","top_k"],"msg":"must be an integer","type":"int"}]})",
       "top_k: must be an integer", "int", "top_k", ""},
      {R"({"detail":[{"loc":["body","messages",0,"role"],"msg":"a","type":"x"},)"
       R"({"loc":["body","n"],"msg":"b","type":"y"}]})",
       "messages[0].role: a; n: b", "x", "messages[0].role", ""},
      {R"({"title":"Bad","detail":"m","status":400})", "m", "", "", "400"},
      {R"({"code":"InvalidParameter","message":"m","request_id":"r"})", "m", "", "",
       "InvalidParameter"},
      {R"({"error_code":17,"error_msg":"m"})", "m", "", "", "17"},
      {R"("m")", "m", "", "", ""},
      {"  m\r\n", "m", "", "", ""},
      {"\xEF\xBB\xBF{\"error\":\"m\"}", "m", "", "", ""},
      {R"({"error":{"message":"m","score":NaN}})", "m", "", "", ""},
  };
  for (const auto& shape : shapes) {
    CAPTURE(shape.body);
    const auto words = parse_failure(shape.body);
    REQUIRE(words);
    CHECK(words->message == shape.message);
    CHECK(words->type == shape.type);
    CHECK(words->param == shape.param);
    CHECK(words->code == shape.code);
  }
}

TEST_CASE("a failure without text for people has none") {
  const auto longer = std::string(3'000, 'x');
  for (const auto& body :
       {std::string{}, std::string{" \n"}, std::string{"[]"}, std::string{"{}"}, std::string{"17"},
        std::string{R"({"detail":[1]})"}, std::string{R"({"error":{}})"}, std::string{"<html>no"},
        std::string{R"({"error":{"mess)"}, std::string{"\x01\x02"}, std::string{"\xE5\x96"}, longer,
        std::string{R"({"error":{"error":{"error":{"error":{"error":{"error":"m"}}}}}})"}}) {
    CAPTURE(body);
    CHECK_FALSE(parse_failure(body));
  }
}

TEST_CASE("further members reach the client inside the error object") {
  const auto e = failure_of(
      400, parse_failure(
               R"({"error":{"code":400,"message":"too long","type":"exceed_context_size_error",)"
               "\n"
               R"("n_prompt_tokens":9000,"n_ctx":8192,"metadata":{"raw":"a\nb"},"x":null},)"
               R"("request_id":"r"})"));
  const auto told = to_json(e, language::en);
  CHECK(told == R"({"error":{"message":"too long","type":"exceed_context_size_error","param":null,)"
                R"("code":"context_length_exceeded","n_prompt_tokens":9000,"n_ctx":8192,)"
                R"("metadata":{"raw":"a\nb"},"request_id":"r"}})");
  CHECK(json::parse(told).error == json::fault::none);
  const auto long_one = R"({"error":{"message":"m","x":")" + std::string(20'000, 'x') + R"("}})";
  CHECK(parse_failure(long_one)->more.empty());
}

TEST_CASE("an object is recognised as a failure, or not") {
  for (const auto* text :
       {R"({"error":{"message":"x"}})", R"({"error":"x","choices":[{"index":0}]})",
        R"({"error":{}})", R"({"errors":[{"message":"x"}]})", R"({"detail":"x"})",
        R"({"object":"error","message":"x"})", R"({"type":"BadRequestError","message":"x"})",
        R"({"message":"x","code":500})", R"({"message":"x","status":500})",
        R"({"message":"x","statusCode":429})"}) {
    CAPTURE(text);
    CHECK(is_failure(json::parse(text).root));
  }
  for (const auto* text :
       {"{}", R"({"type":"ping"})", R"({"error":null})", R"({"error":"","choices":[]})",
        R"({"error":{},"choices":[{"index":0}]})", R"({"type":"status","message":"loading"})",
        R"({"message":"x","status":200})", R"({"message":"x","status":"ok"})",
        R"({"choices":[{"index":0}],"detail":"low"})", R"({"error":false})", R"({"error":0})"}) {
    CAPTURE(text);
    CHECK_FALSE(is_failure(json::parse(text).root));
  }
}
