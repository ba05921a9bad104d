#include "protocol/openai/responses/condensed_replay.hpp"
#include "tests/unit/protocol/openai/responses/answer_pieces.hpp"
#include "tests/unit/protocol/openai/responses/stream_fold.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::openai::responses;
using namespace nekod::test;
using strings = std::vector<std::string>;

namespace {

std::string replay_of(const response_result& result) {
  std::string out;
  append_replay(out, head(), result);
  return out;
}

} // namespace

TEST_CASE("a stored response is told with each text in one piece") {
  tool_bridge bridge;
  bridge.add("patch", {client_tool::kind::custom, "patch", "ns"});
  event_stream stream{head(), bridge, {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  for (const auto& piece :
       {said("h", "reasoning"), said("m", "reasoning"), said("a\""), said("b"),
        said("no", "refusal"), call_begins(0, "c1", "f", "{"), call_goes_on(0, "}"),
        call_begins(1, "c2", "patch", R"({"input":"x"})"), call_begins(2, "c3", "g")})
    stream.piece(out, deltas::form::members, piece);
  stream.end(out, ending(), 5);
  const stream_fold first{out};
  const stream_fold again{replay_of(stream.result())};
  CHECK(again.response == first.response);
  CHECK(again.deltas == strings{"hm", "a\"b", "no", "{}", "x"});
}

TEST_CASE("the pages that a text cites are told again") {
  const std::string cited =
      R"("choices":[{"index":0,"delta":{"annotations":[)"
      R"({"type":"url_citation","url_citation":{"end_index":1,"start_index":0,)"
      R"("title":"A \"b\"","url":"https://a"}},)"
      R"({"type":"url_citation","url_citation":{"url":"https://b"}},)"
      R"({"type":"other","other":{}},5]},"finish_reason":null}])";
  const std::string told = R"({"type":"url_citation","start_index":0,"end_index":1,)"
                           R"("url":"https://a","title":"A \"b\""},)"
                           R"({"type":"url_citation","start_index":0,"end_index":0,)"
                           R"("url":"https://b","title":""})";
  event_stream stream{head(), {}, {}};
  std::string out;
  stream.begin(out);
  stream.start(out);
  // Before the text there is nothing that they belong to, and the second time they are known.
  for (const auto& piece : {cited, said("a"), cited, cited, said("b")})
    stream.piece(out, deltas::form::members, piece);
  stream.end(out, ending(), 5);
  const stream_fold first{out};
  CHECK(first.output.find(R"("annotations":[)" + told + "]") != std::string::npos);
  const auto is_added = [](const std::string& type) { return type.ends_with(".added"); };
  CHECK(std::ranges::count_if(first.types, is_added) == 4);
  const stream_fold again{replay_of(stream.result())};
  CHECK(again.response == first.response);
  CHECK(std::ranges::count_if(again.types, is_added) == 4);
}

TEST_CASE("a replay ends as the response did") {
  event_stream cut{head(), {}, {}};
  std::string out;
  cut.begin(out);
  cut.piece(out, deltas::form::text, "a");
  cut.end(out, chat::finish_reason::length, 5);
  CHECK(stream_fold{replay_of(cut.result())}.types.back() == "response.incomplete");

  event_stream broken{head(), {}, {}};
  broken.begin(out);
  broken.piece(out, deltas::form::text, "a");
  broken.fail(out, {chat::failure_code::upstream_error}, language::en);
  const stream_fold failed{replay_of(broken.result())};
  CHECK(strings(failed.types.end() - 3, failed.types.end()) ==
        strings{"response.output_text.delta", "error", "response.failed"});
  CHECK(failed.data[failed.data.size() - 2].find(R"("code":"server_error")") != std::string::npos);

  event_stream stopped{head(), {}, {}};
  stopped.begin(out);
  stopped.piece(out, deltas::form::text, "a");
  stopped.cancel(out);
  CHECK(stream_fold{replay_of(stopped.result())}.types.back() == "response.output_text.delta");
}

TEST_CASE("items of other types are told as they are") {
  response_result result;
  result.status = response_status::completed;
  result.output = {
      {"cmp_1", "compaction", R"({"id":"cmp_1","type":"compaction","encrypted_content":"x"})"}};
  const auto out = replay_of(result);
  CHECK(out.find("event: response.output_item.added\n") != out.npos);
  CHECK(out.find(R"("output_index":0,"item":{"id":"cmp_1","type":"compaction",)") != out.npos);
  CHECK(out.find("event: response.output_item.done\n") != out.npos);
}
