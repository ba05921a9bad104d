#include "bench/simulator/usage.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;

TEST_CASE("all violations are counted, and the first hundred are kept") {
  usage u;
  for (int i = 0; i < 150; ++i)
    u.report({violation_kind::overlap, "chat", "/path"});
  CHECK(u.counts().violation_count == 150);
  CHECK(u.counts().violations.size() == 100);
  u.reset();
  CHECK(u.counts().violation_count == 0);
  CHECK(u.counts().violations.empty());
}

TEST_CASE("quotations in violations are made short and printable") {
  usage u;
  u.report({violation_kind::bad_request, "a\x01\xff", std::string(9'000, 'x')});
  const auto kept = u.counts().violations.front();
  CHECK(kept.chat_id == "a??");
  CHECK(kept.path.size() == 200);
}
