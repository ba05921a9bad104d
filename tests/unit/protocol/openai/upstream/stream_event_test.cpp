#include "protocol/openai/upstream/stream_event.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai;

namespace {

stream_event of(std::string_view data, std::string_view name = {}) {
  return event_of({.name = name, .data = data, .stray = false});
}

} // namespace

TEST_CASE("heartbeats are not part of an answer") {
  for (const auto* data : {"ping", "PING", " ping ", "ping - 2026-01-01 10:00:00", "pong",
                           "heartbeat", "keep-alive", "keepalive", ": keep-alive", ": X PROCESSING",
                           "\"ping\"", "null", "1719000000", "1719000000.5"}) {
    CAPTURE(data);
    CHECK(of(data) == stream_event::foreign);
  }
  CHECK(of(R"({"type":"ping"})", "ping") == stream_event::foreign);
  CHECK(of("x", "status") == stream_event::foreign);
}

TEST_CASE("any other event is treated as a chunk, JSON or not") {
  for (const auto* data :
       {R"({"choices":[]})", "{", "[", "meow", "pinger", "error: no", "\"text\""}) {
    CAPTURE(data);
    CHECK(of(data) == stream_event::chunk);
  }
  CHECK(of("{}", "message") == stream_event::chunk);
  CHECK(of(std::string{"ping "} + std::string(100, '.')) == stream_event::chunk);
}

TEST_CASE("an event with a name of its own is part of the answer if its data say so") {
  CHECK(of(R"({"choices":[]})", "chunk") == stream_event::chunk);
  CHECK(of(R"({"error":{"message":"no"}})", "failed") == stream_event::chunk);
  CHECK(of(R"({"choices":[]})", "error") == stream_event::failure);
  CHECK(of(R"({"status":"choices"})", "progress") == stream_event::foreign);
  CHECK(of(R"(["choices"])", "progress") == stream_event::foreign);
}

TEST_CASE("ends, failures and empty events are recognised") {
  CHECK(of("[DONE]") == stream_event::done);
  CHECK(of(" [DONE] ", "done") == stream_event::done);
  CHECK(of("{}", "error") == stream_event::failure);
  CHECK(of("") == stream_event::nothing);
  CHECK(event_of({.name = {}, .data = "meow", .stray = true}) == stream_event::nothing);
  CHECK(event_of({.name = {}, .data = "{", .stray = true}) == stream_event::chunk);
  const sse::item field{.name = {}, .data = R"(error: {"code":400})", .stray = true};
  CHECK(event_of(field) == stream_event::failure);
  CHECK(failure_text(field) == R"({"code":400})");
  CHECK(event_of({.name = {}, .data = "error: no", .stray = true}) == stream_event::nothing);
}
