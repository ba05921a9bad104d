#include "protocol/text/words.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("words are equal whatever the case of their letters") {
  CHECK(same_word("Bearer", "bEARER"));
  CHECK(same_word("", ""));
  CHECK_FALSE(same_word("bearer", "bearers"));
  CHECK_FALSE(same_word("[", "{"));
}

TEST_CASE("blanks are removed from both ends only") {
  CHECK(trim(" \ta b\r ") == "a b");
  CHECK(trim("a") == "a");
  CHECK(trim(" \t ") == "");
  CHECK(trim("") == "");
}

TEST_CASE("a quotation is one short line") {
  CHECK(in_backquotes("10 per cat") == "`10 per cat`");
  CHECK(in_backquotes("a\nb\x7f\x1b[31m") == "`a?b??[31m`");
  CHECK(in_backquotes("") == "``");
  CHECK(in_backquotes(std::string(40, 'x')) == "`" + std::string(40, 'x') + "`");
  CHECK(in_backquotes(std::string(41, 'x')) == "`" + std::string(40, 'x') + "...`");
}

TEST_CASE("a quotation is not cut inside a character") {
  auto text = std::string(38, 'x') + "\u732b\u732b";
  CHECK(in_backquotes(text) == "`" + std::string(38, 'x') + "...`");
  CHECK(in_backquotes("\u6bcf\u5206\u949f10\u6b21") == "`\u6bcf\u5206\u949f10\u6b21`");
}
