#include "http/server/api/answer/chat_writer.hpp"
#include "http/server/api/answer/resumed_writer.hpp"
#include "protocol/chat/request.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using namespace nekod;
using namespace std::chrono_literals;

std::unique_ptr<http::answer_writer> chat_writer() {
  chat::request r;
  r.stream = true;
  return http::make_chat_writer(r);
}

/// A stream of a role, two pieces, a finish and `[DONE]`.
std::string stream_of(http::answer_writer& writer) {
  std::string out;
  writer.introduce({"id", 1, "model", "session", true});
  writer.begin(out);
  writer.piece(out, deltas::form::text, "one");
  writer.piece(out, deltas::form::text, "two");
  writer.end(out, {});
  return out;
}

std::string resumed(std::uint64_t events) {
  return stream_of(*http::make_resumed_writer(chat_writer(), events));
}

} // namespace

TEST_CASE("a stream that is resumed is the rest of the whole one, wherever it was left") {
  const auto whole = stream_of(*chat_writer());
  std::size_t begin = 0;
  for (std::uint64_t events = 0; events <= 4; ++events) {
    CAPTURE(events);
    CHECK(resumed(events) == whole.substr(begin));
    begin = whole.find("\n\n", begin) + 2;
  }
}

TEST_CASE("a client that has more events than there are gets the end") {
  CHECK(resumed(5) == "data: [DONE]\n\n");
  CHECK(resumed(100) == "data: [DONE]\n\n");
}

TEST_CASE("heartbeats are written, and count for nothing") {
  const auto writer = http::make_resumed_writer(chat_writer(), 1);
  std::string out;
  writer->heartbeat(out, 1s);
  CHECK_FALSE(out.empty());
  CHECK(stream_of(*writer) == resumed(1));
}
