#include "protocol/anuneko/branch_counter.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <ostream>
#include <string>

using nekod::anuneko::branch_counter;

namespace {

/// The result after *reply*, in pieces of *step* bytes.
std::optional<std::size_t> counted(const std::string& reply, std::size_t step) {
  branch_counter counter;
  for (std::size_t i = 0; i < reply.size(); i += step)
    counter.feed(std::string_view{reply}.substr(i, step));
  return counter.count();
}

/// The same for every split into equal pieces; 99 if the results differ.
std::optional<std::size_t> counted(const std::string& reply) {
  const auto whole = counted(reply, reply.size());
  for (std::size_t step = 1; step < reply.size(); ++step)
    if (counted(reply, step) != whole)
      return 99;
  return whole;
}

constexpr const char* both = "data: {\"c\":[{\"v\":\"a\"},{\"v\":\"b\",\"c\":1}]}\n\n";
constexpr const char* first = "data: {\"c\":[{\"v\":\"a\"}]}\n\n";
constexpr const char* second = "data: {\"c\":[{\"v\":\"b\",\"c\":1}]}\n\n";

} // namespace

TEST_CASE("a start event says how many branches there are") {
  CHECK(counted("event: usermsg\ndata: {\"msg_id\":\"m\",\"v\":\"hello\"}\n\n"
                "event: start\ndata: {\"choice_num\":3}\n\n") == 3);
}

TEST_CASE("an invalid start event says nothing") {
  for (const auto* number : {"0", "-1", "\"two\"", "null", "1.5", "{}"})
    CHECK(counted(std::string{"event: start\ndata: {\"choice_num\":"} + number + "}\n\n") ==
          std::nullopt);
  CHECK(counted("event: start\ndata: {\"choice_num\":1e9}\n\n") <= 128u);
}

TEST_CASE("a piece of the only answer belongs to one branch") {
  CHECK(counted("data: {\"msg_id\":\"m\"}\n\ndata: {\"v\":\"a\"}\n\n") == 1);
}

TEST_CASE("without a start event the branches are known when one of them continues") {
  CHECK(counted(first) == std::nullopt);
  CHECK(counted(std::string{first} + first) == 1);
  CHECK(counted(both) == std::nullopt);
  CHECK(counted(std::string{both} + both) == 2);
  CHECK(counted(std::string{both} + first) == 2);
  CHECK(counted(std::string{first} + second + first) == 2);
  CHECK(counted(std::string{"data: {\"c\":[{\"v\":\"b\",\"c\":2}]}\n\n"} + first + first) == 3);
}

TEST_CASE("events that are not pieces of a branch are ignored") {
  CHECK(counted(std::string{"data: {\"c\":[{\"v\":\"a\",\"c\":\"x\"},{\"v\":\"a\",\"c\":-3},7]}\n\n"
                            "data: not JSON\n\ndata: 3\n\n{\"c\":[]}\n\n"} +
                first + first) == 1);
}
