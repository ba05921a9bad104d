#include "http/server/api/cluster/whole_events.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::http;

namespace {

const std::string events = ": keep-alive\n\n"
                           "event: a\ndata: {\"type\":\"a\",\"sequence_number\":7,\"x\":1}\n\n"
                           "event: b\ndata: {\"type\":\"b\",\"sequence_number\":12}\n\n";

} // namespace

TEST_CASE("wherever a stream breaks off, what was ready ends with an event") {
  for (std::size_t cut = 0; cut <= events.size(); ++cut) {
    whole_events stream;
    auto ready = stream.take(std::string_view{events}.substr(0, cut));
    CHECK((ready.empty() || ready.ends_with("\n\n")));
    CHECK(ready + events.substr(ready.size()) == events);
    CHECK(stream.waiting() == cut - ready.size());
    ready += stream.take(std::string_view{events}.substr(cut));
    CHECK(ready == events);
    CHECK(stream.waiting() == 0);
    CHECK(stream.last_number() == 12);
  }
}

TEST_CASE("byte by byte, each event is ready with its last byte") {
  whole_events stream;
  std::string ready;
  for (const char c : events)
    ready += stream.take({&c, 1});
  CHECK(ready == events);
}

TEST_CASE("the last number is that of an event that was ready") {
  whole_events stream{3};
  CHECK(stream.last_number() == 3);
  stream.take("data: {\"sequence_number\":4}\n\ndata: {\"sequence_number\":5}\n");
  CHECK(stream.last_number() == 4);
  stream.take("\n: comment\n\n");
  CHECK(stream.last_number() == 5);
  // As text in an answer it is escaped.
  stream.take("data: {\"delta\":\"\\\"sequence_number\\\":9\"}\n\n");
  CHECK(stream.last_number() == 5);
}
