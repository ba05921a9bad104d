#include "protocol/settings/env_file.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using values = std::map<std::string, env_value>;

TEST_CASE("lines of a .env file set names") {
  auto found = parse_env_file("# a comment\n"
                              "A=1\n"
                              "export B = two words # and a comment\n"
                              "C=\"quoted # value\" # comment\r\n"
                              "D='single'\n"
                              "E=\n"
                              "F=a=b#c\n"
                              "not an assignment\n"
                              "A=again\n"
                              "export\tG=tab\t# comment\n"
                              "exported=1");
  CHECK(found == values{{"A", {"1", 2}},
                        {"B", {"two words", 3}},
                        {"C", {"quoted # value", 4}},
                        {"D", {"single", 5}},
                        {"E", {"", 6}},
                        {"F", {"a=b#c", 7}},
                        {"G", {"tab", 10}},
                        {"exported", {"1", 11}}});
  CHECK(parse_env_file("").empty());
  CHECK(parse_env_file("\n\n \n#").empty());
  CHECK(parse_env_file("X=\"open") == values{{"X", {"open", 1}}});
}

TEST_CASE("a .env file from Windows is read like any other") {
  CHECK(parse_env_file("\xEF\xBB\xBF"
                       "A=1\r\nB='x'\r\n\r\nexport C=\"y\"\r\n") ==
        values{{"A", {"1", 1}}, {"B", {"x", 2}}, {"C", {"y", 4}}});
  CHECK(parse_env_file("\xEF\xBB\xBF").empty());
}

TEST_CASE("escapes have a meaning in double quotes only") {
  CHECK(parse_env_file(R"(A="a\"b\\c\$d\n\t\r\x")") == values{{"A", {"a\"b\\c$d\n\t\r\\x", 1}}});
  CHECK(parse_env_file(R"(A='a\"b\n')") == values{{"A", {R"(a\"b\n)", 1}}});
  CHECK(parse_env_file(R"(A=a\"b\n)") == values{{"A", {R"(a\"b\n)", 1}}});
  CHECK(parse_env_file(R"(A="open\)") == values{{"A", {"open\\", 1}}});
}
