#include "actors/store/moving/line_reader.hpp"
#include "actors/store/moving/record_parser.hpp"
#include "protocol/text/utf8.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <sstream>
#include <string>
#include <variant>

namespace nekod::fuzz {
namespace {

constexpr std::size_t longest = 3000;

void read_line(std::string_view line) {
  const auto found = moving::parse_line(line);
  if (!found) {
    check(!found.error().empty(), "a refusal has a reason");
    return;
  }
  const auto written = [](const auto& record) { return moving::line_of(record); };
  const auto stored = std::visit(written, *found);
  check(is_utf8(stored), "a line is UTF-8");
  check(stored.find('\n') == stored.npos, "a record is one line");
  const auto again = moving::parse_line(stored);
  check(bool{again}, "a line is read back");
  check(std::visit(written, *again) == stored, "a record settles");
}

} // namespace

/// A file of sessions may have been edited by anybody.
void record_line(std::string_view input) {
  std::istringstream in{std::string{input}};
  moving::line_reader lines{in, longest};
  while (lines.next() == moving::line_reader::outcome::line) {
    check(lines.text().size() <= longest, "a line has a bound");
    read_line(lines.text());
  }
}

} // namespace nekod::fuzz
