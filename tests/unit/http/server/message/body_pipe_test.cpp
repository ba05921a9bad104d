#include "http/server/message/body_pipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace nekod::http;

namespace {

struct fixture {
  /// Reads up to *room* bytes.
  std::string read(std::size_t room = 1000) {
    std::string result(room, '\0');
    last = pipe.read(result.data(), room, [this] { ++woken; });
    result.resize(last.size);
    return result;
  }

  body_pipe pipe{std::nullopt};
  body_pipe::piece last;
  int woken = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "bytes are read as they were written, in any pieces") {
  pipe.push("hel");
  pipe.push("lo");
  CHECK(read(4) == "hell");
  CHECK(read(4) == "o");
  pipe.push("!");
  CHECK(read() == "!");
}

TEST_CASE_FIXTURE(fixture, "a reader that finds nothing is woken once") {
  CHECK(read().empty());
  CHECK(last.how == body_pipe::ending::none);
  CHECK(pipe.starving(std::chrono::steady_clock::now() + std::chrono::seconds{5}) >=
        std::chrono::seconds{4});
  pipe.push("a");
  pipe.push("b");
  CHECK(woken == 1);
  CHECK(pipe.starving(std::chrono::steady_clock::now()) == std::chrono::seconds{0});
  CHECK(read() == "ab");
  CHECK(read().empty());
  pipe.end(body_pipe::ending::whole);
  CHECK(woken == 2);
}

TEST_CASE_FIXTURE(fixture, "the end comes after the last byte") {
  pipe.push("a");
  pipe.end(body_pipe::ending::too_long);
  CHECK(pipe.how() == body_pipe::ending::too_long);
  CHECK(read() == "a");
  CHECK(read().empty());
  CHECK(last.how == body_pipe::ending::too_long);
  CHECK(woken == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "a full pipe reports once that there is room, when half of it has been read") {
  int roomy = 0;
  auto when_room = [&] { pipe.when_room([&] { ++roomy; }); };
  when_room();
  CHECK(roomy == 1);
  pipe.push(std::string(body_pipe::capacity - 1, 'x'));
  CHECK_FALSE(pipe.full());
  pipe.push("x");
  CHECK(pipe.full());
  when_room();
  CHECK(roomy == 1);
  read(body_pipe::capacity / 2 - 1);
  CHECK(roomy == 1);
  read(1);
  CHECK(roomy == 2);
  read();
  CHECK(roomy == 2);
}
