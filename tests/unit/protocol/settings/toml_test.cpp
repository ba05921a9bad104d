#include "protocol/settings/toml.hpp"

#include <doctest/doctest.h>

using namespace nekod;

namespace {

/// `table.key=value|value@line` of each entry, or the fault.
std::string read(std::string_view text) {
  auto found = parse_toml(text);
  if (!found)
    return "line " + std::to_string(found.error().line) + ": " + found.error().words;
  std::string out;
  for (const auto& e : *found) {
    out += out.empty() ? "" : " ";
    for (const auto& part : e.table)
      out += part + ".";
    out += e.key + (e.is_list ? "=[" : "=");
    for (std::size_t i = 0; i < e.values.size(); ++i)
      out += (i > 0 ? "|" : "") + e.values[i];
    out += (e.is_list ? "]@" : "@") + std::to_string(e.line);
  }
  return out;
}

} // namespace

TEST_CASE("strings follow TOML, in all their forms") {
  CHECK(read(R"(a = "x\ty\n\"\\\u00e9\U0001F408")") == "a=x\ty\n\"\\\xC3\xA9\xF0\x9F\x90\x88@1");
  CHECK(read(R"(a = 'C:\new "x" #')") == R"(a=C:\new "x" #@1)");
  CHECK(read("a = \"\"\"\none\ntwo \\\n   three\"\"\"\nb = 1") == "a=one\ntwo three@1 b=1@5");
  CHECK(read("a = '''\none\\n\n'two'''") == "a=one\\n\n'two@1");
  CHECK(read("a = \"x#y\" # z") == "a=x#y@1");
  CHECK(read("# \xC3\xA9\na = \"\xC3\xA9\" # \xC3\xA9\nb = '\xC3\xA9'\n\"\xC3\xA9\" = 1") ==
        "a=\xC3\xA9@2 b=\xC3\xA9@3 \xC3\xA9=1@4");
  CHECK(read("a = \"\"") == "a=@1");
}

TEST_CASE("numbers and bools become text in one form") {
  CHECK(read("a = 8_000\nb = +5\nc = 0x10\nd = 2.50\ne = 1e9\nf = -1_0.5\ng = true\nh = nan") ==
        "a=8000@1 b=5@2 c=16@3 d=2.5@4 e=1000000000@5 f=-10.5@6 g=true@7 h=nan@8");
}

TEST_CASE("tables, lists and keys are read in the order of their lines") {
  CHECK(read("z = 1\n[upstreams.b]\nurl = \"x\"\n[upstreams.a]\nurl = 'y'\nkey = [ # c\n 'k', "
             "\"l\",\n]\n"
             "[upstreams.a.accounts.\"big one\"]\nweight = 2") ==
        "z=1@1 upstreams.b.url=x@3 upstreams.a.url=y@5 upstreams.a.key=[k|l]@6 "
        "upstreams.a.accounts.big one.weight=2@10");
  CHECK(read("upstreams.a = { kind = 'openai', models = [] }") ==
        "upstreams.a.kind=openai@1 upstreams.a.models=[]@1");
  CHECK(read("upstreams.a.kind = 'openai'\n\"port\" = 1") == "upstreams.a.kind=openai@1 port=1@2");
  CHECK(read("[upstreams.empty]\n[other]\na = 1") == "upstreams.empty.=@1 other.a=1@3");
}

TEST_CASE("a file from Windows is read") {
  CHECK(read("\xEF\xBB\xBF"
             "a = 1\r\n# x\r\nb = \"y\"\r\n") == "a=1@1 b=y@3");
  CHECK(read("").empty());
  CHECK(read("# nothing\n").empty());
}

TEST_CASE("invalid TOML, and values that no setting accepts, are refused by line") {
  struct {
    std::string_view text;
    const char* line;
  } const table[] = {
      {"a = 1\nb = \"open\nc = 2", "line 2:"},
      {"a = 'open\n", "line 1:"},
      {"a = \"\"\"open\n\n", "line 2:"},
      {"\na = \"\\q\"", "line 2:"},
      {"a = \"\\u12\"", "line 1:"},
      {"a = \"\\ud800\"", "line 1:"},
      {"a = 1\nb = 2\na = 3", "line 3:"},
      {"[t]\nx = 1\n[t]\n", "line 3:"},
      {"a = 1 2", "line 1:"},
      {"a = word", "line 1:"},
      {"a = 01", "line 1:"},
      {"a =", "line 1:"},
      {"a", "line 1:"},
      {"= 1", "line 1:"},
      {"a = [1, 2", "line 1:"},
      {"a = 1\n[.b]\n", "line 2:"},
      {"a = 1\n[upstreams.]\n", "line 2:"},
      {"a = 1\n\n[\xC3\xA9]\nb = 1", "line 3:"},
      {"[[ .b ]]", "line 1:"},
      {"[b.\xC3\xA9]", "line 1:"},
      {"[]", "line 1:"},
      {"\n\xEF\xBD\xBD = 1", "line 2: only strings and comments"},
      {"a = \"\\\"x\"\n\xC3\xA9 = 1", "line 2: only strings and comments"},
      {"a = \"\"\"x\n\\\"\"\"\n\"\"\"\n# \xC3\xA9\nb = \xC3\xA9",
       "line 5: only strings and comments"},
      {"a = '\\'\nb = \xE2\x80\x9Cx\xE2\x80\x9D", "line 2: only strings and comments"},
      {"[", "line 1:"},
      {"a = 99999999999999999999", "line 1:"},
      {"a = \"\x01\"", "line 1:"},
      {"a = \"\xff\"", "line 1:"},
      {"\nd = 2026-11-29", "line 2: d is a date or a time"},
      {"d = 2026-11-29T16:00:00Z", "line 1: d is a date or a time"},
      {"d = 16:00:00", "line 1: d is a date or a time"},
      {"a = [1, [2]]", "line 1: a is an array in an array"},
      {"a = [{b = 1}]", "line 1: a is an array of tables"},
      {"x = 1\n[[upstreams.local]]\nkind = 'openai'",
       "line 2: upstreams.local is an array of tables"},
      {"a = \"x\\u0000y\"", "line 1: a contains the character NUL"},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto found = read(row.text);
    CHECK_MESSAGE(found.starts_with(row.line), found);
  }
}

TEST_CASE("endless nesting is refused") {
  CHECK(read("a = " + std::string(100'000, '[')).starts_with("line 1:"));
  std::string nested = "a = ";
  for (auto i = 0; i < 10'000; ++i)
    nested += "{a = ";
  CHECK(read(nested).starts_with("line 1:"));
  std::string dotted = "a";
  for (auto i = 0; i < 10'000; ++i)
    dotted += ".a";
  CHECK(read(dotted + " = 1") == "line 1: a key may have at most 8 parts");
  CHECK(read("x = 1\n[" + dotted + "]\n") == "line 2: a key may have at most 8 parts");
  CHECK(read("a.b.c.d.e.f.g.h = 1") == "a.b.c.d.e.f.g.h=1@1");
  CHECK(read("a.b.c.d.e.f.g.h.i = 1") == "line 1: a key may have at most 8 parts");
  std::string both;
  for (auto i = 0; i < 200; ++i)
    both += "a.a.a.a.a.a.a.a = {";
  const auto nested_keys = read(both + std::string(200, '}'));
  CHECK_MESSAGE(nested_keys.find("is nested too deeply") != std::string::npos, nested_keys);
}

TEST_CASE("dots in numbers and strings do not count as parts of a key") {
  CHECK(read("a = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]").find("parts") ==
        std::string::npos);
  CHECK(read("a = 'a.b.c.d.e.f.g.h.i.j'") == "a=a.b.c.d.e.f.g.h.i.j@1");
}
