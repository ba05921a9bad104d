#include "bench/load/response_scan.hpp"
#include "bench/load/stream_checker.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::load;

namespace {

std::string event(std::string_view type, std::string_view members = {}) {
  std::string out = "event: ";
  out.append(type).append("\ndata: {\"type\":\"").append(type).append("\",\"sequence_number\":1");
  return out.append(members).append("}\n\n");
}

std::string delta(std::string_view escaped) {
  std::string members = R"(,"item_id":"msg_1","delta":")";
  return event("response.output_text.delta", members.append(escaped).append("\""));
}

std::string response(std::string_view type, std::string_view status) {
  std::string members = R"(,"response":{"id":"resp_1","error":null,"status":")";
  return event(type, members.append(status).append("\"}"));
}

std::string fault_of(std::string_view stream) {
  stream_checker c{false, {scan_event, parse_event}};
  c.feed(stream);
  const auto f = c.finish();
  return f ? std::string{name_of(f->kind)} + ": " + f->detail : std::string{};
}

const std::string begins = response("response.created", "in_progress");
const std::string ends = response("response.completed", "completed");
const std::string done = "data: [DONE]\n\n";

} // namespace

TEST_CASE("the events of a response are right, and its pieces are counted") {
  stream_checker c{true, {scan_event, parse_event}};
  auto stream = begins;
  for (auto i = 0; i < 100; ++i)
    stream += delta(R"(a\"b)");
  CHECK(c.feed(stream + event("response.output_text.done", R"(,"text":"a")") + ends + done) == 100);
  CHECK_FALSE(c.finish());
  CHECK(c.text().starts_with(R"(a\"ba\"b)"));
  CHECK(c.id() == "resp_1");
}

TEST_CASE("a response's stream has to end, and well") {
  CHECK(fault_of(begins + delta("a") + done) == "broken: a stream ended without a finish reason");
  CHECK(fault_of(begins + delta("a") + ends) == "broken: a stream ended without [DONE]");
  CHECK(fault_of(begins + ends + delta("a") + done) ==
        "wrong: a stream goes on after its finish reason");
  CHECK(fault_of(begins + event("error", R"(,"error":{"code":"overloaded"})") + done) ==
        "broken: error event: overloaded");
  CHECK(fault_of("data: {}\n\n") == "wrong: an event has no type");
  CHECK(fault_of("data: x\n\n") == "wrong: an event is not a JSON object");
}

TEST_CASE("whole responses are read") {
  const auto good = read_whole_response(
      R"({"id":"resp_1","status":"completed","error":null,"output":[{"type":"reasoning"},)"
      R"({"type":"message","content":[{"type":"output_text","text":"a\"b"}]}]})");
  CHECK_FALSE(good.wrong);
  CHECK(good.text == R"(a\"b)");
  CHECK(good.id == "resp_1");
  const auto detail = [](std::string_view body) { return read_whole_response(body).wrong->detail; };
  CHECK(detail("[]") == "an answer is not a JSON object");
  CHECK(detail(R"({"error":{"code":"x"}})") == "error in an answer of status 200: x");
  CHECK(detail(R"({"status":"queued"})") == "a response has not ended");
  CHECK(detail(R"({"status":"completed","output":[]})") == "an answer has no text");
}
