#include "actors/store/moving/line_reader.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using nekod::moving::line_reader;
using outcome = line_reader::outcome;

namespace {

struct lines_read {
  std::vector<std::string> lines;
  outcome last = outcome::line;
};

lines_read read(const std::string& text, std::size_t longest) {
  std::istringstream in{text};
  line_reader reader{in, longest};
  lines_read result;
  while ((result.last = reader.next()) == outcome::line)
    result.lines.push_back(reader.text());
  return result;
}

} // namespace

TEST_CASE("lines of any length are read whole, however they fall into parts") {
  for (const std::size_t size : {0UL, 1UL, 65534UL, 65535UL, 65536UL, 131070UL, 200000UL}) {
    CAPTURE(size);
    const std::string line(size, 'x');
    const auto found = read(line + "\nnext\nlast", 1 << 20);
    const std::vector<std::string> expected{line, "next", "last"};
    CHECK(found.lines == expected);
    CHECK(found.last == outcome::over);
  }
}

TEST_CASE("a line that is too long is no line") {
  CHECK(read("1234\n", 4).lines.size() == 1);
  CHECK(read("12345\n", 4).last == outcome::too_long);
  CHECK(read(std::string(500'000, 'x'), 100'000).last == outcome::too_long);
}

TEST_CASE("an empty input has no line") {
  CHECK(read("", 10).last == outcome::over);
  CHECK(read("", 10).lines.empty());
}
