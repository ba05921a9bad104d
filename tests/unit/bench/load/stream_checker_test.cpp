#include "bench/load/chunk_scan.hpp"
#include "bench/load/stream_checker.hpp"
#include "protocol/openai/chat/response.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nekod::load;
namespace chat = nekod::chat;
namespace openai = nekod::openai;

namespace {

const openai::chunk_writer writer{{"chatcmpl-1", 1, "cat", "s"}, false};

std::string pieces(std::size_t n, std::string_view text = "a\"\\b") {
  std::string out;
  writer.role(out);
  for (std::size_t i = 0; i < n; ++i)
    writer.content(out, text);
  return out;
}

std::string ending() {
  std::string out;
  writer.finish(out, chat::finish_reason::stop);
  openai::chunk_writer::done(out);
  return out;
}

/// The fault of *stream*, fed in pieces of *size* bytes; empty for none.
std::string fault_of(std::string_view stream, std::size_t size = 7) {
  stream_checker c;
  for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size())))
    c.feed(stream.substr(0, size));
  const auto f = c.finish();
  return f ? std::string{name_of(f->kind)} + ": " + f->detail : std::string{};
}

} // namespace

TEST_CASE("a complete stream is right, and its pieces are counted, in any split") {
  const auto stream = pieces(100) + ": keep-alive\n\n" + ending();
  for (std::size_t size : {1, 2, 3, 64, 1000, 1'000'000}) {
    stream_checker c{true};
    std::size_t counted = 0;
    for (std::size_t at = 0; at < stream.size(); at += size)
      counted += c.feed(std::string_view{stream}.substr(at, size));
    CAPTURE(size);
    CHECK_FALSE(c.finish());
    CHECK(counted == 100);
    CHECK(c.pieces() == 100);
    CHECK(c.text().starts_with(R"(a\"\\ba\"\\b)"));
    CHECK(c.text().size() == 100 * 6);
  }
}

TEST_CASE("CRLF, white space and usage are right as well") {
  CHECK(fault_of("data: {\"choices\": [ { \"delta\": { \"content\": \"x\" } } ]}\r\n\r\n"
                 "data:{\"choices\":[{\"delta\":{},\"finish_reason\": \"length\"}]}\r\n\r\n"
                 "data: {\"choices\":[],\"usage\":{}}\r\n\r\ndata: [DONE]\r\n\r\n") == "");
}

TEST_CASE("a stream that ends early is broken") {
  CHECK(fault_of("") == "broken: a stream ended without a finish reason");
  CHECK(fault_of(pieces(3)) == "broken: a stream ended without a finish reason");
  CHECK(fault_of(pieces(3) + "data: {\"ch") == "broken: a stream ended within a line");
  std::string unfinished = pieces(1);
  writer.finish(unfinished, chat::finish_reason::stop);
  CHECK(fault_of(unfinished) == "broken: a stream ended without [DONE]");
  CHECK(fault_of(pieces(1) + "data: [DONE]\n\n") ==
        "broken: a stream ended without a finish reason");
}

TEST_CASE("an error that the server reports is named by its code") {
  CHECK(fault_of(pieces(70) + "data: {\"error\":{\"code\":\"upstream_error\"}}\n\n") ==
        "broken: error event: upstream_error");
  CHECK(fault_of("data: {\"object\":\"error\",\"error\":\"full\"}\n\n") ==
        "broken: error event: unnamed");
  CHECK(fault_of("{\"code\":\"x\"}\n" + ending()) == "broken: a stream has JSON outside of events");
}

TEST_CASE("events that are not chunks are wrong") {
  CHECK(fault_of("data: nonsense\n\n" + ending()) == "wrong: an event is not a JSON object");
  CHECK(fault_of(pieces(70) + "data: {nonsense}\n\n" + ending()) ==
        "wrong: an event is not a JSON object");
  CHECK(fault_of("data: {}\n\n") == "wrong: a chunk has no list of choices");
  CHECK(fault_of("data: {\"choices\":[{}]}\n\n") == "wrong: a choice has no delta");
}

TEST_CASE("nothing may follow the end") {
  std::string finish;
  writer.finish(finish, chat::finish_reason::stop);
  CHECK(fault_of(pieces(1) + finish + pieces(1) + "data: [DONE]\n\n") ==
        "wrong: a stream goes on after its finish reason");
  CHECK(fault_of(pieces(1) + ending() + pieces(1)) == "broken: an event after [DONE]");
}

TEST_CASE("words of JSON inside a text do not mislead the scan") {
  std::string event;
  writer.content(event, R"(","content":"x","finish_reason":"stop", \)");
  const auto data = std::string_view{event}.substr(6, event.size() - 8);
  const auto found = scan_chunk(data);
  REQUIRE(found);
  CHECK(*found == parse_chunk(data).content);
}
