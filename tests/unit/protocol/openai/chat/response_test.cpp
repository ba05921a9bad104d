#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace nekod::openai;

namespace {

completion_head head() {
  return {.id = "chatcmpl-1", .created = 1677652288, .model = "a \"cat\"", .session_id = "s:1"};
}

/// The beginning of every chunk of `head()`.
const std::string opening =
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1677652288,)"
    R"("model":"a \"cat\"","session_id":"s:1","choices":[)";

} // namespace

TEST_CASE("a whole answer has the specification's members and the session") {
  CHECK(completion(head(), "你好\n\"猫\"", chat::finish_reason::stop, {}) ==
        R"({"id":"chatcmpl-1","object":"chat.completion","created":1677652288,)"
        R"("model":"a \"cat\"","session_id":"s:1","choices":[{"index":0,)"
        R"("message":{"role":"assistant","content":"你好\n\"猫\"","refusal":null},)"
        R"("logprobs":null,"finish_reason":"stop"}],)"
        R"("usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}})");
}

TEST_CASE("a whole answer counts its tokens and says why it ended") {
  const auto doc = json::parse(completion(head(), "", chat::finish_reason::length,
                                          {.prompt_tokens = 3, .completion_tokens = 4}));
  REQUIRE(doc);
  CHECK(json::to_text(doc.root["usage"]) ==
        R"({"prompt_tokens":3,"completion_tokens":4,"total_tokens":7})");
  CHECK(json::find_string(doc.root["choices"][0], "finish_reason") == "length");
  CHECK(json::find_string(doc.root["choices"][0]["message"], "content") == "");
}

TEST_CASE("a finish reason has its word on the wire") {
  CHECK(name_of(chat::finish_reason::stop) == "stop");
  CHECK(name_of(chat::finish_reason::length) == "length");
  CHECK(name_of(chat::finish_reason::content_filter) == "content_filter");
}

TEST_CASE("a stream has the role, the pieces, the reason and the end, and no usage") {
  const chunk_writer writer{head(), false};
  std::string out;
  writer.role(out);
  writer.content(out, "你\n\"");
  writer.content(out, "好");
  writer.finish(out, chat::finish_reason::stop);
  chunk_writer::done(out);
  CHECK(out == opening +
                   R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
                   "\n\n" +
                   opening +
                   R"({"index":0,"delta":{"content":"你\n\""},"finish_reason":null}]})"
                   "\n\n" +
                   opening +
                   R"({"index":0,"delta":{"content":"好"},"finish_reason":null}]})"
                   "\n\n" +
                   opening +
                   R"({"index":0,"delta":{},"finish_reason":"stop"}]})"
                   "\n\n" +
                   "data: [DONE]\n\n");
}

TEST_CASE("a stream with usage has it as null until a chunk without choices brings it") {
  const chunk_writer writer{head(), true};
  std::string out;
  writer.role(out);
  writer.content(out, "a");
  writer.finish(out, chat::finish_reason::content_filter);
  writer.usage_chunk(out, {.prompt_tokens = 1, .completion_tokens = 2});
  CHECK(out == opening +
                   R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],)"
                   R"("usage":null})"
                   "\n\n" +
                   opening +
                   R"({"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null})"
                   "\n\n" +
                   opening +
                   R"({"index":0,"delta":{},"finish_reason":"content_filter"}],"usage":null})"
                   "\n\n" +
                   opening +
                   R"(],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"
                   "\n\n");
}

TEST_CASE("a failure in a stream is one event with the error's object") {
  std::string out;
  chunk_writer::failure(out, chat::failure{chat::failure_code::upstream_error, {}, "a\nb"},
                        language::en);
  CHECK(out ==
        "data: " +
            to_json(chat::failure{chat::failure_code::upstream_error, {}, "a\nb"}, language::en) +
            "\n\n");
  CHECK(out.find('\n') == out.size() - 2);
}

TEST_CASE("members are sent unchanged, after ours") {
  completion_head head{"id", 7, "m \"x\"", "s"};
  std::string out;
  chunk_writer{head, true}.members(out, R"("choices":[],"odd":1.50)");
  CHECK(out == "data: {\"id\":\"id\",\"object\":\"chat.completion.chunk\",\"created\":7,"
               "\"model\":\"m \\\"x\\\"\",\"session_id\":\"s\",\"choices\":[],\"odd\":1.50}\n\n");
  CHECK(completion(head, R"("choices":[],"odd":1.50)") ==
        R"({"id":"id","object":"chat.completion","created":7,"model":"m \"x\"","session_id":"s",)"
        R"("choices":[],"odd":1.50})");
}

TEST_CASE("an event's size is known before it is written") {
  for (const auto include_usage : {false, true}) {
    const chunk_writer writer{head(), include_usage};
    const std::string piece = "a piece";
    std::string text;
    writer.content(text, piece);
    CHECK(text.size() == writer.content_frame() + piece.size());
    std::string members;
    writer.members(members, piece);
    CHECK(members.size() == writer.members_frame() + piece.size());
  }
}
