#include "protocol/text/fnv1a.hpp"

#include <doctest/doctest.h>

namespace nekod {

// The values are those that the authors publish: http://www.isthe.com/chongo/tech/comp/fnv/.
TEST_CASE("FNV-1a gives the published hashes") {
  CHECK(fnv1a{}.value() == 0xcbf29ce484222325);
  CHECK(fnv1a{}.add("a").value() == 0xaf63dc4c8601ec8c);
  CHECK(fnv1a{}.add("foobar").value() == 0x85944171f73967e8);
}

TEST_CASE("a text in parts has the hash of the whole, and another basis gives another hash") {
  CHECK(fnv1a{}.add("foo").add(std::uint8_t{'b'}).add("ar").value() ==
        fnv1a{}.add("foobar").value());
  CHECK(fnv1a{1}.add("foobar").value() != fnv1a{}.add("foobar").value());
}

} // namespace nekod
