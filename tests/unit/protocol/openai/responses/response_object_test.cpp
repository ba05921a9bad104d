#include "protocol/openai/responses/response_object.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai::responses;

namespace {

response_head head() {
  response_head result;
  result.id = "resp_1";
  result.created_at = 1700000000;
  result.model = "a \"cat\"";
  result.session_id = "s:1";
  return result;
}

std::string written(const response_head& of, const response_result& result) {
  std::string out;
  append_response(out, of, result);
  return out;
}

} // namespace

TEST_CASE("a response has every key of the stricter schema, once") {
  const std::vector<std::string> keys{
      "id", "object", "created_at", "completed_at", "status", "error", "incomplete_details",
      "instructions", "model", "output", "previous_response_id", "parallel_tool_calls",
      "tool_choice", "tools", "text", "reasoning", "temperature", "top_p", "presence_penalty",
      "frequency_penalty", "top_logprobs", "max_output_tokens", "max_tool_calls", "truncation",
      "service_tier", "store", "background", "metadata", "safety_identifier", "prompt_cache_key",
      "usage",
      // Ours, or of another version of the schema.
      "conversation", "session_id", "user"};
  const auto doc = json::parse(written(head(), {}));
  REQUIRE(doc);
  for (const auto& key : keys) {
    CAPTURE(key);
    CHECK(json::find(doc.root, key) != nullptr);
  }
  CHECK(doc.root.MemberCount() == keys.size());
}

TEST_CASE("a running response has null for all that is not known yet") {
  const auto doc = json::parse(written(head(), {}));
  REQUIRE(doc);
  CHECK(json::find_string(doc.root, "status") == "in_progress");
  CHECK(json::find_string(doc.root, "model") == "a \"cat\"");
  CHECK(json::find_string(doc.root, "session_id") == "s:1");
  CHECK(doc.root["created_at"].GetInt() == 1700000000);
  for (const auto* key : {"completed_at", "error", "incomplete_details", "usage",
                          "previous_response_id", "conversation"}) {
    CAPTURE(key);
    CHECK(doc.root[key].IsNull());
  }
  CHECK(json::to_text(doc.root["output"]) == "[]");
}

TEST_CASE("a model that is not known yet is a string, as clients want it") {
  auto of = head();
  of.model.clear();
  CHECK(written(of, {}).find(R"("model":"",)") != std::string::npos);
}

TEST_CASE("a response that has ended says all it knows") {
  auto of = head();
  of.previous_response_id = "resp_0";
  of.conversation = "conv_1";
  of.stored = false;
  of.echo = R"("truncation":"auto")";
  response_result result;
  result.status = response_status::completed;
  result.completed_at = 1700000009;
  result.output = {{"a", "message", R"({"id":"a"})"}, {"b", "message", R"({"id":"b"})"}};
  result.usage = token_usage{1, 2, 3, 4, 5, 6};
  CHECK(
      written(of, result) ==
      R"({"id":"resp_1","object":"response","created_at":1700000000,"status":"completed",)"
      R"("completed_at":1700000009,"error":null,"incomplete_details":null,"model":"a \"cat\"",)"
      R"("previous_response_id":"resp_0","conversation":{"id":"conv_1"},"store":false,)"
      R"("session_id":"s:1","truncation":"auto","output":[{"id":"a"},{"id":"b"}],"usage":{"input_tokens":1,)"
      R"("input_tokens_details":{"cached_tokens":2,"cache_write_tokens":3},"output_tokens":4,)"
      R"("output_tokens_details":{"reasoning_tokens":5},"total_tokens":6}})");
}

TEST_CASE("a response says why it is incomplete or has failed") {
  response_result result;
  result.status = response_status::incomplete;
  result.incomplete_reason = "max_output_tokens";
  auto doc = written(head(), result);
  CHECK(doc.find(R"("status":"incomplete","completed_at":null,"error":null,)"
                 R"("incomplete_details":{"reason":"max_output_tokens"})") != doc.npos);
  result = {};
  result.status = response_status::failed;
  result.error = response_error{"server_error", "a \"b\""};
  doc = written(head(), result);
  CHECK(doc.find(R"("status":"failed","completed_at":null,)"
                 R"("error":{"code":"server_error","message":"a \"b\""})") != doc.npos);
}

TEST_CASE("an error has the upstream's code, or one that clients know") {
  chat::failure reason{chat::failure_code::upstream_timeout};
  CHECK(error_of(reason, language::en).code == "server_error");
  CHECK_FALSE(error_of(reason, language::en).message.empty());
  CHECK(error_of({chat::failure_code::context_length_exceeded}, language::en).code ==
        "context_length_exceeded");
  CHECK(error_of({chat::failure_code::rate_limit_exceeded}, language::en).code ==
        "rate_limit_exceeded");
  chat::foreign_words words;
  words.message = "theirs";
  reason.foreign = std::make_shared<chat::foreign_words>(words);
  CHECK(error_of(reason, language::en).code == "server_error");
  CHECK(error_of(reason, language::en).message == "theirs");
  words.code = "insufficient_quota";
  reason.foreign = std::make_shared<chat::foreign_words>(words);
  CHECK(error_of(reason, language::en).code == "insufficient_quota");
}

TEST_CASE("a status has the wire's word") {
  CHECK(name_of(response_status::queued) == "queued");
  CHECK(name_of(response_status::in_progress) == "in_progress");
  CHECK(name_of(response_status::completed) == "completed");
  CHECK(name_of(response_status::incomplete) == "incomplete");
  CHECK(name_of(response_status::failed) == "failed");
  CHECK(name_of(response_status::cancelled) == "cancelled");
}
