#include "bench/simulator/faults.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;

namespace {

fault parsed(std::string_view body) {
  auto f = parse_fault(body);
  REQUIRE(f);
  return *f;
}

std::string complaint_about(std::string_view body) {
  auto f = parse_fault(body);
  return f ? std::string{} : f.error();
}

} // namespace

TEST_CASE("a fault is read from JSON, and shown as it was read") {
  const auto f =
      parsed(R"({"call":"chat","kind":"status","times":3,"status":429,"retry_after":2})");
  CHECK(f.call == api_call::chat);
  CHECK(f.kind == fault_kind::status);
  CHECK(f.times == 3);
  CHECK(f.retry_after == 2);
  CHECK(to_json(f) == R"({"call":"chat","kind":"status","times":3,"after_events":0,"status":429,)"
                      R"("retry_after":2,"body":""})");
  CHECK_FALSE(parsed(R"({"call":"view","kind":"html"})").retry_after);
}

TEST_CASE("an invalid fault is refused with a reason") {
  CHECK(complaint_about("[]").find("object") != std::string::npos);
  CHECK(complaint_about(R"({"call":"chat","kind":"status","times":0})").find("times") !=
        std::string::npos);
  CHECK(complaint_about(R"({"call":"chat","kind":"status","tmies":1})").find("tmies") !=
        std::string::npos);
  CHECK_FALSE(complaint_about(R"({"call":"chat"})").empty());
  CHECK_FALSE(complaint_about(R"({"call":"tea","kind":"status"})").empty());
}

TEST_CASE("faults of replies are refused for other calls") {
  CHECK(parsed(R"({"call":"stream","kind":"cut"})").kind == fault_kind::cut);
  CHECK_FALSE(complaint_about(R"({"call":"view","kind":"cut"})").empty());
}

TEST_CASE("a queue hands out faults by call, the oldest first, each as often as requested") {
  fault_queue q;
  fault twice;
  twice.times = 2;
  fault once;
  once.kind = fault_kind::cut;
  REQUIRE(q.add(twice));
  REQUIRE(q.add(once));
  CHECK_FALSE(q.take(api_call::view));
  CHECK(q.take(api_call::stream)->kind == fault_kind::status);
  CHECK(q.take(api_call::stream)->kind == fault_kind::status);
  CHECK(q.take(api_call::stream)->kind == fault_kind::cut);
  CHECK_FALSE(q.take(api_call::stream));
}

TEST_CASE("a fault may be limited to the calls of one token") {
  fault_queue q;
  fault theirs;
  theirs.token = "one";
  REQUIRE(q.add(theirs));
  CHECK_FALSE(q.take(api_call::stream, "two"));
  CHECK_FALSE(q.take(api_call::stream));
  CHECK(q.take(api_call::stream, "one"));
  CHECK(parse_fault(R"({"call":"stream","kind":"status","token":"one"})")->token == "one");
}

TEST_CASE("a queue can be inspected and cleared, and has a limit") {
  fault_queue q;
  CHECK(q.to_json() == R"({"faults":[]})");
  std::size_t added = 0;
  while (added < 10'000 && q.add({}))
    ++added;
  CHECK(added == 1'000);
  q.clear();
  CHECK(q.to_json() == R"({"faults":[]})");
}

TEST_CASE("an error's body is made of a code, or is the given object") {
  fault f;
  CHECK(error_body(f).find("\"simulated_fault\"") != std::string::npos);
  f.body = "sleepy";
  CHECK(error_body(f).find(R"("code":"sleepy")") != std::string::npos);
  f.body = R"({"code":7})";
  CHECK(error_body(f) == f.body);
}

TEST_CASE("noise begins after the requested number of events, but always before the end") {
  fault f;
  f.kind = fault_kind::truncated_utf8;
  f.after_events = 1'000;
  std::string out;
  append_noise(f, 8, 10, out);
  CHECK(out.empty());
  append_noise(f, 9, 10, out);
  CHECK_FALSE(out.empty());
}

TEST_CASE("halves of a character are sent once, in the form of the call's protocol") {
  fault f;
  f.kind = fault_kind::halved_character;
  f.after_events = 2;
  std::string piece;
  for (std::size_t i = 0; i < 5; ++i)
    append_noise(f, i, 5, piece);
  CHECK(piece == R"(data: {"v":"purr \ud83d"}

data: {"v":"\ude3a "}

)");
  f.call = api_call::completions;
  std::string chunk;
  append_noise(f, 2, 5, chunk);
  CHECK(chunk.find(R"("delta":{"content":"\ude3a "})") != std::string::npos);
  CHECK_FALSE(ends_reply(f));
}
