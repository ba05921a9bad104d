#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using namespace nekod::openai;

namespace {

chat::failure failure(std::uint16_t status, std::string_view body) {
  return failure_of(status, parse_failure(body));
}

/// An error object with that message.
std::string saying(const std::string& message, const std::string& more = {}) {
  return R"({"error":{"message":")" + message + "\"" + more + "}}";
}

} // namespace

TEST_CASE("an error that concerns the client reaches it in the server's words") {
  auto e = failure(400, R"({"error":{"message":"no","type":"bad","param":"x","code":"odd"}})");
  CHECK(status_of(e) == 400);
  CHECK(to_json(e, language::zh) ==
        R"({"error":{"message":"no","type":"bad","param":"x","code":"odd"}})");
  struct {
    std::uint16_t status;
    std::string body;
    chat::failure_code code;
    std::uint16_t shown;
  } const table[] = {
      {400, saying("x", R"(,"code":"content_filter")"), chat::failure_code::upstream_refused, 400},
      {400, "", chat::failure_code::upstream_refused, 400},
      {422, R"({"detail":"x"})", chat::failure_code::upstream_refused, 422},
      {429, saying("slow down"), chat::failure_code::rate_limit_exceeded, 429},
      {429, saying("x", R"(,"code":"insufficient_quota")"), chat::failure_code::rate_limit_exceeded,
       429},
  };
  for (const auto& row : table) {
    CAPTURE(row.body);
    auto told = failure(row.status, row.body);
    CHECK(told.code == row.code);
    CHECK(status_of(told) == row.shown);
    CHECK(told.foreign);
  }
  // A status in place of a code is not a code.
  CHECK(to_json(failure(400, R"({"error":{"message":"m","code":400}})"), language::en)
            .find(R"("code":"upstream_refused")") != std::string::npos);
}

TEST_CASE("a conversation that is too long is recognised in any server's words") {
  for (const auto& body : {
           saying("x", R"(,"code":"context_length_exceeded")"),
           saying("the request exceeds the available context size", R"(,"code":400)"),
           saying("x", R"(,"type":"exceed_context_size_error")"),
           saying("This model's maximum context length is 4096 tokens, however you requested 5000"),
           saying("prompt is too long: 210000 tokens > 200000 maximum"),
           saying("The input token count (1048577) exceeds the maximum number of tokens allowed"),
           saying("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"),
           saying("litellm.ContextWindowExceededError: too much"),
           saying("Please reduce the length of the messages or completion."),
           saying("Input is too long for requested model."),
           saying("This model's maximum prompt length is 131072 but the request has 200000"),
       })
    for (std::uint16_t status : {400, 413, 422, 500}) {
      CAPTURE(body);
      auto e = failure(status, body);
      CHECK(e.code == chat::failure_code::context_length_exceeded);
      CHECK(status_of(e) == (status == 500 ? 400 : status));
      CHECK(to_json(e, language::en).find(R"("code":"context_length_exceeded")") !=
            std::string::npos);
    }
  CHECK(failure(400, saying("max_tokens must be an integer")).code ==
        chat::failure_code::upstream_refused);
  // On that code, agents cut a history that is not at fault.
  const auto e = failure(400, saying("Invalid 'user': string too long. Expected a string with "
                                     "maximum length 64, but got a string with length 85 instead.",
                                     R"(,"param":"user","code":"string_above_max_length")"));
  CHECK(e.code == chat::failure_code::upstream_refused);
  CHECK(to_json(e, language::en).find(R"("code":"string_above_max_length")") != std::string::npos);
  CHECK(failure(429, saying("too many tokens per minute")).code ==
        chat::failure_code::rate_limit_exceeded);
}

TEST_CASE("a missing model is recognised by any server's words and status") {
  for (const auto& body : {
           saying("model 'x' not found"),
           saying("model \\\"x\\\" not found, try pulling it first"),
           saying("The model `x` does not exist.", R"(,"type":"NotFoundError","code":404)"),
           saying("The model `x` does not exist or you do not have access to it."),
           saying("/chat/completions: Invalid model name passed in model=x"),
           saying("x is not a valid model ID", R"(,"code":400)"),
           saying("Model Not Exist", R"(,"type":"invalid_request_error")"),
           saying("Invalid model: x", R"(,"type":"invalid_model")"),
           saying("models/x is not found for API version v1main"),
           saying("no", R"(,"code":"model_not_found")"),
           saying("Unable to access model x."),
           saying("The model: `x` does not exist"),
           saying("The requested model 'My x' does not exist"),
           saying("model_name x was not found"),
           saying("Model with name x could not be found"),
           saying("Model not found, inaccessible, and/or not deployed"),
           saying("Unknown model 'x'"),
           saying("Model \\\"x\\\" is currently not available"),
           std::string{R"({"error":"model 'x' not found"})"},
       })
    for (std::uint16_t status : {400, 404, 422}) {
      CAPTURE(body);
      auto e = failure(status, body);
      CHECK(e.code == chat::failure_code::model_not_found);
      CHECK(status_of(e) == 404);
      CHECK(to_json(e, language::en).find(R"("code":"model_not_found")") != std::string::npos);
    }
  for (const auto* message :
       {"this model does not support tools", "image file not found", "temperature is not valid",
        "unknown field model_kwargs",
        "Invalid value: the model called function 'x' which was not found in tools",
        "This model does not support tools; tool 'x' not found",
        "Model output must contain JSON. The file /a.png does not exist",
        "Unsupported model parameter: reasoning_effort is not available",
        "The model output 'x' does not exist", "unknown model_kwargs",
        "the model's tool 'x' was not found"}) {
    CAPTURE(message);
    for (std::uint16_t status : {400, 404, 422})
      CHECK(failure(status, saying(message)).code == chat::failure_code::upstream_refused);
  }
  CHECK(failure(404, saying("model: x", R"(,"type":"not_found_error")")).code ==
        chat::failure_code::model_not_found);
  CHECK(failure(404, R"({"detail":"Not Found"})").code == chat::failure_code::upstream_error);
}

TEST_CASE("a server's own failure is passed on with its words and status, if it has any") {
  for (std::uint16_t status : {500, 501, 502, 503, 504, 529}) {
    auto e = failure(status, saying("cannot read the picture", R"(,"type":"server_error")"));
    CHECK(e.code == (status == 504 ? chat::failure_code::upstream_timeout
                                   : chat::failure_code::upstream_error));
    CHECK(status_of(e) == status);
    CHECK(message_of(e, language::zh) == "cannot read the picture");
    e = failure(status, "");
    CHECK(status_of(e) == (status == 504 ? 504 : 502));
    CHECK(message_of(e, language::en).find(std::to_string(status)) != std::string::npos);
  }
  // Inside a stream.
  CHECK(message_of(failure(0, saying("out of memory")), language::zh) == "out of memory");
  CHECK(status_of(failure(0, saying("out of memory"))) == 502);
  CHECK(status_of(failure(0, saying("busy", R"(,"code":503)"))) == 503);
}

TEST_CASE("a refusal of our account becomes our error, with only the server's message") {
  const auto body = saying("no credit", R"(,"type":"their_type","code":"their_code")");
  for (std::uint16_t status : {401, 402, 403}) {
    auto e = failure(status, body);
    CHECK(status_of(e) == 502);
    const auto told = to_json(e, language::en);
    CHECK(told.find("no credit") != std::string::npos);
    CHECK(told.find(R"("code":"upstream_auth_failed")") != std::string::npos);
    CHECK(told.find("their_") == std::string::npos);
    CHECK(status_of(failure(status, "")) == 502);
  }
  for (const auto* more : {R"(,"code":"billing_hard_limit_reached")", R"(,"type":"billing_error")",
                           R"(,"code":"insufficient_quota")"})
    CHECK(failure(400, saying("x", more)).code == chat::failure_code::upstream_auth_failed);
}

TEST_CASE("a failure between us and the server is reported in our words") {
  for (std::uint16_t status : {302, 405, 408}) {
    auto e = failure(status, saying("the key sk-secret is wrong"));
    CHECK(e.code == chat::failure_code::upstream_error);
    CHECK_FALSE(e.foreign);
  }
  for (const auto& body :
       {saying("Invalid URL (POST /v1/chat/completion)"), saying("File Not Found"),
        saying("Unexpected endpoint or method. (POST /chat/completions)"),
        saying("Resource not found", R"(,"code":"404")"), saying("Not Found"),
        std::string{R"({"message":"no Route matched with those values"})"},
        std::string{R"({"detail":"Not Found"})"}, std::string{"404 page not found\n"},
        std::string{"<html><title>404 Not Found</title></html>"}, std::string{}}) {
    CAPTURE(body);
    auto e = failure(404, body);
    CHECK(e.code == chat::failure_code::upstream_error);
    CHECK_FALSE(e.foreign);
  }
}

TEST_CASE("a 404 with a reason is a refusal of the request") {
  for (const auto* message :
       {"No endpoints found that support tool use. To learn more, visit: https://x.example/",
        "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
        "The file 'file-x' was not found",
        "No allowed providers are available for the selected model."}) {
    CAPTURE(message);
    auto e = failure(404, saying(message));
    CHECK(e.code == chat::failure_code::upstream_refused);
    CHECK(status_of(e) == 404);
    CHECK(message_of(e, language::en) == message);
    CHECK_FALSE(retriable(e.code));
  }
}

TEST_CASE("a 403 for what the client wrote is no refusal of the account") {
  for (const auto& body :
       {saying("x requires moderation. Your input was flagged for \\\"violence\\\"",
               R"(,"code":403)"),
        saying("no", R"(,"code":403,"metadata":{"reasons":["violence"],"flagged_input":"..."})"),
        saying("no", R"(,"code":"moderation_blocked")")})
    for (std::uint16_t status : {403, 0}) {
      CAPTURE(body);
      if (status == 0 && body.find("403") == std::string::npos)
        continue;
      auto e = failure(status, body);
      CHECK(e.code == chat::failure_code::upstream_refused);
      CHECK(status_of(e) == 400);
      CHECK_FALSE(retriable(e.code));
    }
  CHECK(failure(403, saying("no", R"(,"metadata":{"reasons":"x"})")).code ==
        chat::failure_code::upstream_auth_failed);
}

TEST_CASE("a server that leads back to us is reported as a loop") {
  auto e = failure(508, saying("x", R"(,"code":"upstream_loop")"));
  CHECK(e.code == chat::failure_code::upstream_loop);
  CHECK(status_of(e) == 508);
  CHECK_FALSE(retriable(e.code));
}

TEST_CASE("a loading server is recognised by its words") {
  for (const auto* body : {R"({"error":{"code":503,"message":"Loading model"}})",
                           R"({"error":"Model x is currently loading","estimated_time":20})",
                           "<html>The model is LOADING. Please wait.<br/>", "Server is starting up",
                           R"({"detail":"still warming up"})"}) {
    CAPTURE(body);
    CHECK(says_it_loads(503, body));
    CHECK_FALSE(says_it_loads(500, body));
  }
  CHECK_FALSE(says_it_loads(503, R"({"error":{"message":"overloaded, try later"}})"));
  CHECK_FALSE(says_it_loads(503, ""));
}

TEST_CASE("an error object is JSON with a text") {
  for (const auto* body :
       {R"({"error":{"message":"m"}})", R"( {"error":"m"})", R"({"detail":"m"})"})
    CHECK(is_error_object(body));
  for (const auto* body : {"", "m", "<html>m", "{}", "[]", R"({"choices":[]})"})
    CHECK_FALSE(is_error_object(body));
}
