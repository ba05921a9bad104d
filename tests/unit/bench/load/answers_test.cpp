#include "bench/load/answers.hpp"
#include "protocol/openai/chat/response.hpp"

#include <doctest/doctest.h>

using namespace nekod::load;
namespace chat = nekod::chat;
namespace openai = nekod::openai;

TEST_CASE("a whole answer has its text as it is written in JSON") {
  const auto body =
      openai::completion({"id", 1, "cat", "s"}, "say \"hi\"", chat::finish_reason::stop, {});
  const auto answer = read_whole(body);
  CHECK_FALSE(answer.wrong);
  CHECK(answer.text == R"(say \"hi\")");
}

TEST_CASE("an incomplete answer is wrong") {
  for (auto body : {"", "[]", "{", "{}", R"({"choices":[]})", R"({"choices":[{}]})",
                    R"({"choices":[{"message":{"content":null},"finish_reason":"stop"}]})",
                    R"({"choices":[{"message":{"content":"x"},"finish_reason":null}]})",
                    R"({"error":{"code":"x"}})"}) {
    CAPTURE(body);
    const auto answer = read_whole(body);
    REQUIRE(answer.wrong);
    CHECK(answer.wrong->kind == fault_kind::wrong);
  }
}

TEST_CASE("a refusal is reported by its status and the error's code") {
  CHECK(refusal(429, R"({"error":{"code":"session_busy"}})").detail == "429 session_busy");
  CHECK(refusal(500, R"({"error":{"code":null,"type":"server_error"}})").detail ==
        "500 server_error");
  CHECK(refusal(502, "<html>").detail == "502");
  CHECK(refusal(404, "{}").detail == "404");
}

TEST_CASE("texts are compared without their escapes") {
  CHECK(holds(R"(a \"quoted\" caf\u00e9)", "\"quoted\" caf\xc3\xa9"));
  CHECK_FALSE(holds("abc", "abd"));
}
