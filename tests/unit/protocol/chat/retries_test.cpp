#include "protocol/chat/retries.hpp"

#include <doctest/doctest.h>

using namespace nekod::chat;
using namespace std::chrono_literals;

TEST_CASE("a request may be a repetition if it has a key or a retry count") {
  CHECK_FALSE(parse_retries("", "", "", "").may_repeat());
  CHECK_FALSE(parse_retries("", "0", "", "").may_repeat());
  CHECK(parse_retries("", "1", "", "").may_repeat());
  CHECK(parse_retries("key", "", "", "").may_repeat());
}

TEST_CASE("an invalid count is ignored") {
  for (const auto* text : {"x", "-1", "1x", "99999999999999"})
    CHECK_FALSE(parse_retries("", text, "", "").count);
  for (const auto* text : {"x", "nan", "inf", "10 s"})
    CHECK_FALSE(parse_retries("", "", text, "").patience);
}

TEST_CASE("a client that counts returns for an answer of which it has nothing") {
  auto r = parse_retries("", "0", "", "");
  CHECK(r.returns_after(0s, false));
  CHECK_FALSE(r.returns_after(0s, true));
  CHECK_FALSE(parse_retries("", "", "", "").returns_after(0s, false));
}

TEST_CASE("a client that announces its waiting time returns only when that is over") {
  for (const auto& r : {parse_retries("", "0", "10", ""), parse_retries("", "0", "", "10.0")}) {
    CHECK_FALSE(r.returns_after(8s, false));
    CHECK(r.returns_after(9s, false)); // Its clock started before ours.
    CHECK(r.returns_after(11s, false));
  }
}

TEST_CASE("a client with a key returns in any case") {
  auto r = parse_retries("key", "", "600", "");
  CHECK(r.returns_after(0s, false));
  CHECK(r.returns_after(0s, true));
}
