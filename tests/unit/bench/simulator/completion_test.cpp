#include "bench/simulator/completion.hpp"
#include "bench/simulator/completion_books.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::sim;
namespace openai = nekod::openai;

namespace {

completion answering(const std::string& body, std::optional<fault> f = std::nullopt) {
  auto r = parse_completion(body);
  REQUIRE(r);
  return {std::move(*r), 7, options{}, f};
}

std::string saying(const std::string& text, const std::string& more = {}) {
  return R"({"model":"Orange Cat","messages":[{"role":"user","content":")" + text + "\"}]" + more +
         "}";
}

std::string stream_of(const completion& c) {
  std::string out;
  for (std::size_t i = 0; i < c.size(); ++i)
    c.append(i, out);
  return out;
}

openai::answer_decoder decoded(const completion& c) {
  openai::answer_decoder d{true};
  nekod::deltas out{nekod::deltas::form::members};
  d.feed(stream_of(c), out);
  return d;
}

} // namespace

TEST_CASE("an invalid body is refused with a reason") {
  for (const auto* body : {"", "[]", "{}", R"({"messages":[]})", R"({"messages":"x"})"})
    CHECK_FALSE(parse_completion(body));
}

TEST_CASE("a completion is the same whole and in chunks") {
  for (const auto* text : {"[sim tokens=5 reasoning=2] hi", "[sim tools=2] hi"}) {
    auto c = answering(saying(text, R"(,"n":2,"stream_options":{"include_usage":true})"));
    auto streamed = decoded(c);
    CHECK(streamed.whole());
    auto whole = openai::parse_whole_answer(c.whole());
    REQUIRE(whole);
    CHECK(whole->said.text == streamed.said().text);
    CHECK(whole->said.more == streamed.said().more);
    CHECK(stream_of(c).find(R"("usage":{"prompt_tokens":1)") != std::string::npos);
  }
}

TEST_CASE("a completion lacks what its fault removes") {
  fault f;
  f.call = api_call::completions;
  for (auto kind : {fault_kind::no_done, fault_kind::no_finish}) {
    f.kind = kind;
    auto c = answering(saying("[sim tokens=3] hi"), f);
    CHECK_FALSE(decoded(c).whole());
    CHECK((stream_of(c).find("[DONE]") == std::string::npos) == (kind == fault_kind::no_done));
  }
}

TEST_CASE("the books keep requests as they arrived, the newest within the limit") {
  completion_books books{1000};
  CHECK(books.begin(R"({ "a" : 1 })") == 1);
  CHECK(books.to_json() ==
        R"({"active":1,"completions":[{"number":1,"state":"streaming","body":{ "a" : 1 }}]})");
  books.end(1, message_state::done);
  CHECK(books.to_json().find(R"("active":0)") != std::string::npos);
  for (int i = 0; i < 10; ++i)
    books.begin("\"" + std::string(300, 'x') + "\"");
  CHECK(books.to_json().size() < 1500);
  CHECK(books.to_json().find(R"("number":11)") != std::string::npos);
  books.reset();
  CHECK(books.to_json() == R"({"active":0,"completions":[]})");
}
