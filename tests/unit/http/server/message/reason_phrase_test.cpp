#include "http/server/message/reason_phrase.hpp"

#include <doctest/doctest.h>

using nekod::http::reason_phrase;

TEST_CASE("statuses have their phrases of RFC 9110, and unknown ones a phrase, too") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(413) == "Content Too Large");
  CHECK(reason_phrase(503) == "Service Unavailable");
  CHECK(reason_phrase(599) == "Unknown");
}
