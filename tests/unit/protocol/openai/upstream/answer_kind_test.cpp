#include "protocol/openai/upstream/answer_kind.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai;

TEST_CASE("the first bytes and the Content-Type show the form of an answer") {
  constexpr auto unknown = answer_kind::unknown;
  constexpr auto whole = answer_kind::whole;
  constexpr auto stream = answer_kind::stream;
  struct {
    const char* type;
    const char* begin;
    answer_kind kind;
  } const table[] = {
      {"application/json", "{", whole},
      {"application/json; charset=utf-8", " \r\n{", whole},
      {"", "\xEF\xBB\xBF{", whole},
      {"text/plain", "[", whole},
      {"text/event-stream", "{", whole},
      {"text/event-stream", "data: {", stream},
      {"Text/Event-Stream", "x", stream},
      {"", "data", stream},
      {"text/plain", ": hello", stream},
      {"application/json", "data: {", stream},
      {"application/json", "event: x", stream},
      {"",
       "\xEF\xBB\xBF"
       "data: {",
       stream},
      {"application/json", "x", whole},
      {"text/event-stream", "", unknown},
      {"text/event-stream", " \n", unknown},
      {"", "\xEF\xBB", unknown},
      {"", "\xEF\xBB\xBF", unknown},
  };
  for (const auto& row : table) {
    CAPTURE(row.type);
    CAPTURE(row.begin);
    for (const auto asked : {whole, stream})
      CHECK(kind_of(row.type, row.begin, asked) == row.kind);
  }
  CHECK(kind_of("text/html", "<html>", whole) == whole);
  CHECK(kind_of("text/html", "<html>", stream) == stream);
}
