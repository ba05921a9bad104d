#include "config_sources.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("a file in the manner of .env sets names") {
  auto found = parse_env_file("# a comment\n"
                              "A=1\n"
                              "export B = two words # and a comment\n"
                              "C=\"quoted # value\" # comment\r\n"
                              "D='single'\n"
                              "E=\n"
                              "F=a=b#c\n"
                              "not an assignment\n"
                              "A=again");
  CHECK(found == named_values{{"A", "1"},
                              {"B", "two words"},
                              {"C", "quoted # value"},
                              {"D", "single"},
                              {"E", ""},
                              {"F", "a=b#c"}});
  CHECK(parse_env_file("").empty());
  CHECK(parse_env_file("\n\n \n#").empty());
  CHECK(parse_env_file("X=\"open") == named_values{{"X", "open"}});
}
