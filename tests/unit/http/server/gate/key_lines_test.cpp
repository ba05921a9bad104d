#include "http/server/gate/key_lines.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;

namespace {

const auto one = hash_of_key("one");
const auto two = hash_of_key("two");

std::string line(const key_hash& hash, const api_key& holder) { return key_line(hash, holder); }

} // namespace

TEST_CASE("a key's line is added behind all others, on a line of its own") {
  CHECK(with_key("", one, {"alice"}) == line(one, {"alice"}) + "\n");
  CHECK(with_key("# x", one, {"alice"}) == "# x\n" + line(one, {"alice"}) + "\n");
  CHECK(with_key("# x\n", one, {"alice"}) == "# x\n" + line(one, {"alice"}) + "\n");
}

TEST_CASE("one line is removed, and all else stays as it is") {
  const auto before = "# head\r\n\n  " + line(one, {"alice"}) + "  # hers\r\n";
  const auto after = "\t" + line(two, {"bob"}) + " # his";
  CHECK(without_key(before + after, two) == before);
  CHECK(without_key(before + after, one) == "# head\r\n\n" + after);
  CHECK(without_key(before + after, hash_of_key("three")) == before + after);
  CHECK(without_key("", one).empty());
}

TEST_CASE("a changed line keeps its place, its comment and its line end") {
  const auto other = line(two, {"bob", true}) + "\n";
  const api_key changed{"alice", true, *parse_rate_limit("5 per day"), {}};
  for (const std::string tail : {"", " # hers", "\t#x \"", "\n", "  # a\r\n", " \n"}) {
    CAPTURE(tail);
    const auto last = tail.find('\n') == std::string::npos;
    const auto with = [&](const api_key& holder) {
      return other + line(one, holder).append(tail).append(last ? "" : other);
    };
    const api_key before{"alice", false, *parse_rate_limit("1 per hour"), {}};
    CHECK(with_changed_key(with(before), one, changed) == with(changed));
  }
}

TEST_CASE("a sign of a comment inside quotes is none") {
  // Such a limit is no valid line, so it is never changed; another line is.
  const auto text = "alice sha256:0 rate-limit=\" # 1\"\n" + line(one, {"bob"});
  CHECK(without_key(text, one) == "alice sha256:0 rate-limit=\" # 1\"\n");
}
