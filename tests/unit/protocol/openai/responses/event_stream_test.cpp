#include "protocol/openai/responses/event_stream.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "tests/unit/protocol/openai/responses/answer_pieces.hpp"
#include "tests/unit/protocol/openai/responses/stream_fold.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai::responses;
using namespace nekod::test;
using strings = std::vector<std::string>;

namespace {

const strings opening{"response.created", "response.in_progress"};

strings after_opening(const stream_fold& read) {
  REQUIRE(read.types.size() > 2);
  CHECK(strings(read.types.begin(), read.types.begin() + 2) == opening);
  return {read.types.begin() + 2, read.types.end()};
}

tool_bridge custom_bridge() {
  tool_bridge b;
  b.add("patch", {client_tool::kind::custom, "patch", ""});
  return b;
}

/// An answer with all kinds of items.
const strings everything{said("hm", "reasoning"),
                         said("Hel"),
                         said("lo"),
                         said("no", "refusal"),
                         call_begins(0, "c1", "f", "{"),
                         call_begins(1, "c2", "patch", R"({"input":"a)"),
                         call_goes_on(0, "}"),
                         call_goes_on(1, R"(b"})")};

} // namespace

TEST_CASE("a stream of text has the specification's events, byte for byte") {
  response_head short_head;
  short_head.id = "resp_1";
  short_head.created_at = 2;
  short_head.model = "cat";
  short_head.echo = R"("x":1)";
  event_stream stream{short_head, {}, {}};
  std::string out;
  const auto response = [](const std::string& status, const std::string& completed,
                           const std::string& output, const std::string& usage) {
    return R"({"id":"resp_1","object":"response","created_at":2,"status":")" + status +
           R"(","completed_at":)" + completed +
           R"(,"error":null,"incomplete_details":null,"model":"cat","previous_response_id":null,)"
           R"("conversation":null,"store":true,"session_id":null,"x":1,"output":[)" +
           output + R"(],"usage":)" + usage + "}";
  };
  const auto event = [](int number, const std::string& type, const std::string& members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type +
           "\",\"sequence_number\":" + std::to_string(number) + "," + members + "}\n\n";
  };
  const std::string at = R"("item_id":"msg_100","output_index":0,"content_index":0,)";
  const std::string item =
      R"({"id":"msg_100","type":"message","status":"completed","role":"assistant",)"
      R"("content":[{"type":"output_text","text":"a\"b","annotations":[],"logprobs":[]}]})";
  const auto running = R"("response":)" + response("in_progress", "null", "", "null");
  stream.begin(out);
  stream.start(out);
  stream.piece(out, deltas::form::text, "a\"");
  stream.piece(out, deltas::form::text, "b");
  stream.end(out, chat::finish_reason::stop, 9);
  CHECK(
      out ==
      event(0, "response.created", running) + event(1, "response.in_progress", running) +
          event(2, "response.output_item.added",
                R"("output_index":0,"item":{"id":"msg_100","type":"message",)"
                R"("status":"in_progress","role":"assistant","content":[]})") +
          event(3, "response.content_part.added",
                at + R"("part":{"type":"output_text","text":"","annotations":[],"logprobs":[]})") +
          event(4, "response.output_text.delta", at + R"("delta":"a\"","logprobs":[])") +
          event(5, "response.output_text.delta", at + R"("delta":"b","logprobs":[])") +
          event(6, "response.output_text.done", at + R"("text":"a\"b","logprobs":[])") +
          event(
              7, "response.content_part.done",
              at +
                  R"("part":{"type":"output_text","text":"a\"b","annotations":[],"logprobs":[]})") +
          event(8, "response.output_item.done", R"("output_index":0,"item":)" + item) +
          event(
              9, "response.completed",
              R"("response":)" +
                  response("completed", "9", item,
                           R"({"input_tokens":0,"input_tokens_details":{"cached_tokens":0,)"
                           R"("cache_write_tokens":0},"output_tokens":0,)"
                           R"("output_tokens_details":{"reasoning_tokens":0},"total_tokens":0})")) +
          "data: [DONE]\n\n");
}

TEST_CASE("chunks make the events that text makes") {
  const stream_fold read{stream_of({said("a"), said("b"), said("\\")}, ending())};
  CHECK(after_opening(read) == strings{"response.output_item.added", "response.content_part.added",
                                       "response.output_text.delta", "response.output_text.delta",
                                       "response.output_text.delta", "response.output_text.done",
                                       "response.content_part.done", "response.output_item.done",
                                       "response.completed"});
  CHECK(read.deltas == strings{"a", "b", "\\"});
}

TEST_CASE("a refusal has events of its own, and the response is completed") {
  const stream_fold read{stream_of({said("no", "refusal")}, ending())};
  CHECK(after_opening(read) == strings{"response.output_item.added", "response.content_part.added",
                                       "response.refusal.delta", "response.refusal.done",
                                       "response.content_part.done", "response.output_item.done",
                                       "response.completed"});
}

TEST_CASE("reasoning is told as text, or as a summary if one was asked for") {
  const stream_fold text{stream_of({said("hm", "reasoning"), said("a")}, ending())};
  CHECK(strings(text.types.begin() + 2, text.types.begin() + 8) ==
        strings{"response.output_item.added", "response.content_part.added",
                "response.reasoning_text.delta", "response.reasoning_text.done",
                "response.content_part.done", "response.output_item.done"});
  const stream_fold summary{stream_of({said("hm", "reasoning"), said("a")}, ending(),
                                      {.reasoning = reasoning_form::summary})};
  CHECK(strings(summary.types.begin() + 2, summary.types.begin() + 8) ==
        strings{"response.output_item.added", "response.reasoning_summary_part.added",
                "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done", "response.output_item.done"});
}

TEST_CASE("a call has its name and id at once, and its arguments as they come") {
  const stream_fold read{
      stream_of({call_begins(0, "c", "f"), call_goes_on(0, "{\"a\":"), call_goes_on(0, "1}")},
                ending("tool_calls"))};
  CHECK(after_opening(read) ==
        strings{"response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.delta", "response.function_call_arguments.done",
                "response.output_item.done", "response.completed"});
  CHECK(read.deltas == strings{"{\"a\":", "1}"});
  CHECK(read.data[2].find(R"("call_id":"c","name":"f","arguments":"")") != std::string::npos);
  CHECK(read.data[5].find(R"("arguments":"{\"a\":1}","name":"f")") != std::string::npos);
}

TEST_CASE("a call begins as soon as the call before it is complete") {
  const stream_fold read{stream_of(
      {call_begins(0, "c1", "f", "{}"), call_begins(1, "c2", "g", "{"), call_goes_on(1, "}")},
      ending())};
  CHECK(read.deltas == strings{"{}", "{", "}"});
}

TEST_CASE("a call waits while the call before it goes on") {
  const stream_fold read{stream_of({call_begins(0, "c1", "f", "{"), call_begins(1, "c2", "g", "{"),
                                    call_goes_on(0, "\"a\":1"), call_goes_on(1, "\"b\""),
                                    call_goes_on(0, "}"), call_goes_on(1, ":2}")},
                                   ending())};
  CHECK(read.deltas == strings{"{", "\"a\":1", "}", "{\"b\"", ":2}"});
}

TEST_CASE("the input of a custom tool is told as it comes") {
  const stream_fold read{stream_of({call_begins(0, "c", "patch"), call_goes_on(0, "{\"input\":\"a"),
                                    call_goes_on(0, "\\"), call_goes_on(0, "nb\"}")},
                                   ending(), {}, custom_bridge())};
  CHECK(after_opening(read) ==
        strings{"response.output_item.added", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done",
                "response.output_item.done", "response.completed"});
  CHECK(read.deltas == strings{"a", "\nb"});
}

TEST_CASE("a stream that is cut by length ends with an incomplete item") {
  const stream_fold read{stream_of({said("a")}, ending("length"))};
  CHECK(strings(read.types.end() - 2, read.types.end()) ==
        strings{"response.output_item.done", "response.incomplete"});
  CHECK(read.status == "incomplete");
  CHECK(read.output.find(R"("status":"incomplete")") != std::string::npos);
  CHECK(read.response.find(R"("incomplete_details":{"reason":"max_output_tokens"})") !=
        std::string::npos);
}

TEST_CASE("a stream that fails says so twice, and has what was said") {
  event_stream stream{head(), {}, {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  stream.piece(out, deltas::form::members, said("a"));
  stream.fail(out, {chat::failure_code::upstream_error}, language::en);
  const stream_fold read{out};
  CHECK(strings(read.types.end() - 3, read.types.end()) ==
        strings{"response.output_text.delta", "error", "response.failed"});
  const auto& error = read.data[read.data.size() - 2];
  CHECK(error.find(R"(,"error":{"message":")") != error.npos);
  CHECK(error.find(R"("code":"upstream_error")") != error.npos);
  CHECK(read.response.find(R"("error":{"code":"server_error","message":)") != std::string::npos);
  CHECK(read.response.find(R"("usage":null)") != std::string::npos);
  CHECK(read.output.find(R"("status":"incomplete")") != std::string::npos);
  CHECK(read.output.find(R"("text":"a")") != std::string::npos);
  CHECK(stream.result().status == response_status::failed);
}

TEST_CASE("a stream that is cancelled just ends") {
  event_stream stream{head(), {}, {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  stream.piece(out, deltas::form::members, said("a"));
  const auto before = out.size();
  stream.cancel(out);
  CHECK(out.substr(before) == "data: [DONE]\n\n");
  CHECK(stream.result().status == response_status::cancelled);
  REQUIRE(stream.result().output.size() == 1);
  CHECK(stream.result().output[0].json.find(R"("status":"incomplete")") != std::string::npos);
}

TEST_CASE("in the background a response is queued first") {
  event_stream stream{head(), {}, {.background = true}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  stream.end(out, ending(), 1);
  const stream_fold read{out};
  CHECK(strings(read.types.begin(), read.types.begin() + 3) ==
        strings{"response.created", "response.queued", "response.in_progress"});
  CHECK(read.data[0].find(R"("status":"queued")") != std::string::npos);
  CHECK(read.data[1].find(R"("status":"queued")") != std::string::npos);
  CHECK(read.data[2].find(R"("status":"in_progress")") != std::string::npos);
}

TEST_CASE("another model than expected is told from then on") {
  event_stream stream{head(), {}, {}};
  std::string out;
  stream.begin(out);
  stream.answered_by("dog");
  stream.start(out);
  stream.end(out, ending(), 1);
  const stream_fold read{out};
  CHECK(read.data[0].find(R"("model":"cat")") != std::string::npos);
  CHECK(read.data[1].find(R"("model":"dog")") != std::string::npos);
}

TEST_CASE("the keepalive event has no number") {
  CHECK(keepalive_event == "event: keepalive\ndata: {\"type\":\"keepalive\"}\n\n");
}

TEST_CASE("a client that lost its connection gets the events that it does not have") {
  const auto all = stream_of(everything, ending(), {}, custom_bridge());
  const stream_fold read{all};
  const auto count = static_cast<std::int64_t>(read.types.size());
  std::size_t begin = 0;
  for (std::int64_t after = -1; after <= count; ++after) {
    CAPTURE(after);
    CHECK(stream_of(everything, ending(), {.after = after}, custom_bridge()) == all.substr(begin));
    if (after + 1 < count)
      begin = all.find("\n\n", begin) + 2;
  }
  CHECK(all.substr(begin) == "data: [DONE]\n\n");
}

TEST_CASE("the result is what the last event told") {
  event_stream stream{head(), custom_bridge(), {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  for (const auto& piece : everything)
    stream.piece(out, deltas::form::members, piece);
  stream.end(out, ending(), 1700000009);
  std::string object;
  append_response(object, stream.head(), stream.result());
  const stream_fold read{out};
  CHECK(read.data.back().find(R"("response":)" + object + "}") != std::string::npos);
  std::string output;
  append_list(output, stream.result().output);
  CHECK(output == read.output);
}

TEST_CASE("a large answer's last event is one event") {
  const std::string text(std::size_t{1} << 20, 'x');
  const stream_fold read{stream_of({said(text), said("\n\n"), said(text)}, ending())};
  CHECK(read.types.back() == "response.completed");
  CHECK(read.data.back().size() > 2 * text.size());
}

TEST_CASE("an event costs no more than its frame beside its text") {
  event_stream stream{head(), {}, {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  CHECK(stream.frame() > 0);
  stream.piece(out, deltas::form::text, "a");
  for (const auto form : {deltas::form::text, deltas::form::members}) {
    const auto before = out.size();
    stream.piece(out, form, form == deltas::form::text ? "bc" : said("bc"));
    CHECK(out.size() - before <= stream.frame() + 2);
  }
}

TEST_CASE("a text that a server splits anywhere is told whole") {
  // As escapes and as bytes, with halves of a character in two chunks.
  const std::string stream =
      R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{"content":"é\"\\\u00e9\ud83d"},"finish_reason":null}]})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{"content":"\ude00\n"},"finish_reason":null}]})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{"content":"\\"},"finish_reason":"stop"}]})"
      "\n\ndata: [DONE]\n\n";
  for (std::size_t step = 1; step <= stream.size(); step = step < 50 ? step + 1 : step * 2) {
    CAPTURE(step);
    openai::answer_decoder decoder{true};
    deltas pieces{deltas::form::members};
    for (std::size_t i = 0; i < stream.size(); i += step)
      decoder.feed(std::string_view{stream}.substr(i, step), pieces);
    REQUIRE(decoder.whole());
    event_stream events{head(), {}, {}};
    std::string out;
    events.begin(out);
    events.start(out);
    pieces.for_each(
        [&](std::string_view piece) { events.piece(out, deltas::form::members, piece); });
    chat::answer_end end;
    end.rest = decoder.take_rest();
    events.end(out, end, 1);
    const stream_fold read{out};
    std::string text;
    for (const auto& delta : read.deltas)
      text += delta;
    CHECK(text == "é\"\\é😀\n\\");
  }
}
