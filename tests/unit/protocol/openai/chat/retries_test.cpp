#include "protocol/openai/chat/retries.hpp"

#include <doctest/doctest.h>

using namespace nekod::openai;
using namespace std::chrono_literals;

TEST_CASE("a request may be a repeated one if it has a key or was counted") {
  CHECK_FALSE(parse_retries("", "", "", "").may_repeat());
  CHECK_FALSE(parse_retries("", "0", "", "").may_repeat());
  CHECK(parse_retries("", "1", "", "").may_repeat());
  CHECK(parse_retries("key", "", "", "").may_repeat());
}

TEST_CASE("what is no number is not looked at") {
  for (const auto* text : {"x", "-1", "1x", "99999999999999"})
    CHECK_FALSE(parse_retries("", text, "", "").count);
  for (const auto* text : {"x", "nan", "inf", "10 s"})
    CHECK_FALSE(parse_retries("", "", text, "").patience);
}

TEST_CASE("a client that counts comes back for what it had nothing of") {
  auto r = parse_retries("", "0", "", "");
  CHECK(r.returns_after(0s, false));
  CHECK_FALSE(r.returns_after(0s, true));
  CHECK_FALSE(parse_retries("", "", "", "").returns_after(0s, false));
}

TEST_CASE("one that tells how long it waits comes back only when that is over") {
  for (const auto& r : {parse_retries("", "0", "10", ""), parse_retries("", "0", "", "10.0")}) {
    CHECK_FALSE(r.returns_after(8s, false));
    CHECK(r.returns_after(9s, false)); // Its clock started before ours.
    CHECK(r.returns_after(11s, false));
  }
}

TEST_CASE("one with a key comes back in any case") {
  auto r = parse_retries("key", "", "600", "");
  CHECK(r.returns_after(0s, false));
  CHECK(r.returns_after(0s, true));
}
