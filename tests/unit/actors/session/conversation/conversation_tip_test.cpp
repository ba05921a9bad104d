#include "actors/session/conversation/conversation_tip.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("a conversation begins with a tip that a request without a history tells") {
  const conversation_tip tip;
  CHECK(tip == conversation_tip{});
  CHECK(tip.is_told_by(""));
  CHECK_FALSE(tip.is_told_by("digest"));
  CHECK(tip == conversation_tip::of(""));
}

TEST_CASE("a known tip is told by its digest alone") {
  const auto tip = conversation_tip::of("digest");
  CHECK(tip.is_known());
  CHECK(tip.is_told_by("digest"));
  CHECK_FALSE(tip.is_told_by(""));
  CHECK_FALSE(tip.is_told_by("other"));
}

TEST_CASE("what cannot be recognised is told by nothing, also not by an empty history") {
  const auto tip = conversation_tip::unrecognisable();
  CHECK_FALSE(tip.is_recognisable());
  CHECK_FALSE(tip.is_told_by(""));
  CHECK_FALSE(tip == conversation_tip{});
}

TEST_CASE("a record stores the digest alone, and one without a digest cannot be recognised") {
  CHECK(conversation_tip::stored("digest") == conversation_tip::of("digest"));
  for (const auto& tip : {conversation_tip{}, conversation_tip::unrecognisable()}) {
    CHECK(tip.digest().empty());
    CHECK(conversation_tip::stored(tip.digest()) == conversation_tip::unrecognisable());
  }
}

TEST_CASE("a tip goes on with each message, unless it cannot be recognised") {
  const conversation_digest digest{"key"};
  const chat::message hello{chat::role::user, "hello"};
  const chat::message silence{chat::role::assistant, " "};
  const auto one = conversation_tip{}.after(hello, digest);
  CHECK(one == conversation_tip::of(digest.of({hello})));
  CHECK(one.after(hello, digest) == conversation_tip::of(digest.of({hello, hello})));
  CHECK(one.after(silence, digest) == one);
  CHECK(conversation_tip{}.after(silence, digest) == conversation_tip{});
  CHECK_FALSE(conversation_tip::unrecognisable().after(hello, digest).is_recognisable());
}
