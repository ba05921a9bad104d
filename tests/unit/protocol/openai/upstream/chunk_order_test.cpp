#include "protocol/openai/upstream/chunk_order.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

constexpr chunk_order::contents silent{.speaks = false, .tells_more = false};
constexpr chunk_order::contents more{.speaks = false, .tells_more = true};
constexpr chunk_order::contents text{.speaks = true, .tells_more = false};

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

deltas members(const strings& pieces) {
  deltas result{deltas::form::members};
  for (const auto& piece : pieces)
    result.push_back(piece);
  return result;
}

struct fixture {
  chunk_order order;
  deltas out{deltas::form::members};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "chunks without content wait for the first one with content") {
  order.take("role", silent, false, out);
  order.take("filter", more, false, out);
  CHECK(out.empty());
  CHECK_FALSE(order.has_begun());
  order.take("text", text, false, out);
  CHECK(order.has_begun());
  CHECK(pieces_of(out) == strings{"role", "filter", "text"});
}

TEST_CASE_FIXTURE(fixture, "after the first content, chunks without content go on at once") {
  order.take("text", text, false, out);
  order.take("silent", silent, false, out);
  CHECK(pieces_of(out) == strings{"text", "silent"});
}

TEST_CASE_FIXTURE(fixture, "very many bytes without content do not wait") {
  const std::string large(64u << 10, 'x');
  order.take(large, silent, false, out);
  CHECK(out.empty());
  order.take("next", silent, false, out);
  CHECK(pieces_of(out) == strings{large, "next"});
}

TEST_CASE_FIXTURE(fixture, "after a finish reason, only content goes on") {
  order.take("text", text, false, out);
  order.take("silent", silent, true, out);
  order.take("usage", more, true, out);
  order.take("late", text, true, out);
  CHECK(pieces_of(out) == strings{"text", "late"});
  CHECK(order.take_rest().empty());
  order.finish(members({"stop"}), out);
  CHECK(pieces_of(out) == strings{"text", "late"});
  CHECK(pieces_of(order.take_rest()) == strings{"stop", "usage"});
  CHECK(order.take_rest().empty());
}

TEST_CASE_FIXTURE(fixture, "chunks that waited for content go on at the end of an empty answer") {
  order.take("role", silent, false, out);
  order.finish(members({"stop"}), out);
  CHECK(pieces_of(out) == strings{"role"});
  CHECK(pieces_of(order.take_rest()) == strings{"stop"});
}
