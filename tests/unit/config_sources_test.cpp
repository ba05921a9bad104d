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

TEST_CASE("TOML is made plain: comments go, arrays are on one line, what is in quotes stays") {
  struct {
    const char* text;
    const char* plain;
  } const table[] = {
      {"", ""},
      {"a = 1 # one", "a = 1 "},
      {"# all of it\nb = 2", "\nb = 2"},
      {"[upstreams.cats] # the first", "[upstreams.cats] "},
      {"[[x]]\na = [1, 2]", "[[x]]\na = [1, 2]"},
      {"a = \"x#y\" # z", "a = \"x#y\" "},
      {"a = 'x#\"y' # z", "a = 'x#\"y' "},
      {R"(a = "x\"#" # z)", R"(a = "x\"#" )"},
      {R"(a = 'x\' # z)", R"(a = 'x\' )"},
      {"a = [\n \"b=c\", # first\n \"d]\",\n]\nb = 1", "a = [  \"b=c\",   \"d]\"]\nb = 1"},
      {"a = [[1],\n[2],]", "a = [[1], [2]]"},
      {"a = \"open\nb = 1 # x", "a = \"open\nb = 1 "},
      {"a = 1\r\n# x\r\nb = 2\r\n", "a = 1\r\n\nb = 2\r\n"},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    CHECK(nekod::plain_toml(row.text) == row.plain);
  }
}
