#include "bench/load/options.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace nekod::load;

namespace {

std::variant<options, exit_request> read(std::vector<const char*> words) {
  words.insert(words.begin(), "nekod-bench");
  return read_options(static_cast<int>(words.size()), words.data());
}

options good(std::vector<const char*> words) { return std::get<options>(read(std::move(words))); }

exit_request bad(std::vector<const char*> words) {
  return std::get<exit_request>(read(std::move(words)));
}

} // namespace

TEST_CASE("without flags one client asks for whole answers for ten seconds") {
  const auto o = good({"http://localhost:1/v1"});
  CHECK(o.target == address{"localhost", "1", "/v1"});
  CHECK(o.clients == 1);
  CHECK(o.rate == 0);
  CHECK(o.duration.count() == 10);
  CHECK_FALSE(o.stream);
  CHECK(o.turns == 1);
}

TEST_CASE("flags are read") {
  const auto o = good({"--clients", "8", "--stream", "--turns", "3", "--continue", "session",
                       "--duration", "0.5", "--expect-pieces", "7", "--header", "A: b", "--header",
                       "C: d", "--max-errors", "2"});
  CHECK(o.clients == 8);
  CHECK(o.stream);
  CHECK(o.turns == 3);
  CHECK(o.by == continuation::session);
  CHECK(o.duration.count() == 0.5);
  CHECK(o.expected_pieces == 7);
  CHECK(o.headers == std::vector<std::string>{"A: b", "C: d"});
  CHECK(o.max_errors == 2);
}

TEST_CASE("directives for nekod-sim are appended to the message") {
  CHECK(good({"--message", "Hi", "--tokens", "5", "--delay", "20"}).message ==
        "Hi [sim tokens=5 delay=20]");
  CHECK(good({"--message", "Hi"}).message == "Hi");
}

TEST_CASE("an open loop has many clients, and no more threads than clients are used") {
  CHECK(good({"--rate", "50"}).clients == 1000);
  CHECK(good({"--rate", "50", "--clients", "3", "--threads", "8"}).threads == 3);
}

TEST_CASE("a wrong flag is named, and ends the program with 2") {
  CHECK(bad({"--clients", "0"}).text.find("--clients") != std::string::npos);
  CHECK(bad({"ftp://a"}).text.find("ftp://a") != std::string::npos);
  CHECK(bad({"--header", "no colon"}).code == 2);
  CHECK(bad({"--continue", "maybe"}).code == 2);
  CHECK(bad({"--duration", "0"}).code == 2);
  CHECK(bad({"--nonsense"}).code == 2);
}

TEST_CASE("flags that exclude each other are refused") {
  CHECK(bad({"--rate", "5", "--think", "1"}).code == 2);
  CHECK(bad({"--rate", "5", "--ramp", "1"}).code == 2);
  CHECK(bad({"--expect-pieces", "5"}).code == 2);
}

TEST_CASE("help ends the program with 0") {
  const auto e = bad({"--help"});
  CHECK(e.code == 0);
  CHECK(e.text.find("--rate") != std::string::npos);
}
