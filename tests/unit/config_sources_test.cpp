#include "config_sources.hpp"
#include "tests/unit/support/temporary_folder.hpp"

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

TEST_CASE("a file is read whole, and a folder not at all") {
  test::temporary_folder folder;
  auto text = std::string(100'000, 'x') + '\0' + "end\n";
  test::write_file(folder.file("a"), text);
  CHECK(read_file(folder.file("a")) == text);
  CHECK(read_file(folder.file("")) == std::nullopt);
  CHECK(read_file(folder.file("none")) == std::nullopt);
}
