#include "http/server/gate/rate_limit.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

namespace nekod::http {

namespace {

using std::chrono::seconds;

struct unit {
  std::string_view name;
  std::uint64_t length;
};

/// By length.
constexpr unit units[] = {{"second", 1},
                          {"minute", 60},
                          {"hour", 3600},
                          {"day", 24 * 3600},
                          {"month", 30 * 24 * 3600},
                          {"year", 365 * 24 * 3600}};

/// Keeps times far from the clock's end.
constexpr std::uint64_t longest_period = 10 * 365 * 24 * 3600;
/// Keeps a token's interval far from the clock's tick.
constexpr std::uint64_t most_per_second = 1'000'000;

/// One rate as it is written.
struct written_rate {
  std::uint64_t count = 0;
  std::uint64_t times = 1;
  std::uint64_t unit = 0;
};

/// Takes words from the front of a text, and blanks before them.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  /// A number; one that is too large for its type becomes the largest one.
  std::optional<std::uint64_t> number() {
    skip_blanks();
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error == std::errc::invalid_argument)
      return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return error == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
  }

  bool word(std::string_view expected) {
    skip_blanks();
    if (!same_word(rest_.substr(0, expected.size()), expected))
      return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
  }

  std::string_view rest_;
};

std::optional<written_rate> scan(std::string_view text) {
  written_rate result;
  scanner s{text};
  auto count = s.number();
  if (!count || !(s.word("per") || s.word("/")))
    return std::nullopt;
  result.count = *count;
  result.times = s.number().value_or(1);
  auto found = std::find_if(std::begin(units), std::end(units),
                            [&](const unit& u) { return s.word(u.name); });
  if (found == std::end(units))
    return std::nullopt;
  result.unit = found->length;
  if (!s.at_end() && !(s.word("s") && s.at_end()))
    return std::nullopt;
  return result;
}

result<rate, std::string> parse_rate(std::string_view text) {
  auto written = scan(text);
  if (!written)
    return in_backquotes(text) + " is not a rate limit such as `10 per minute` or `5 per 2 hours`";
  if (written->count == 0 || written->times == 0)
    return "the numbers of the rate limit " + in_backquotes(text) + " must be at least 1";
  if (written->times > longest_period / written->unit)
    return "the period of the rate limit " + in_backquotes(text) + " is longer than ten years";
  auto period = written->times * written->unit;
  if (written->count > period * most_per_second)
    return "the rate limit " + in_backquotes(text) + " is more than a million per second";
  return rate{written->count, seconds{period}};
}

} // namespace

result<rate_limit, std::string> parse_rate_limit(std::string_view text) {
  constexpr std::string_view separators = ";,|\n";
  rate_limit limit;
  auto rest = text;
  while (!rest.empty()) {
    auto end = std::min(rest.find_first_of(separators), rest.size());
    auto part = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty())
      continue;
    auto parsed = parse_rate(part);
    if (!parsed)
      return parsed.error();
    limit.rates.push_back(*parsed);
  }
  // A stray separator is accepted, but not a text of separators only: it must not mean no limit.
  if (limit.rates.empty() && text.find_first_of(";,|") != std::string_view::npos)
    return "there is no rate limit in " + in_backquotes(trim(text));
  return limit;
}

std::string to_text(const rate_limit& limit) {
  std::string result;
  for (const auto& r : limit.rates) {
    auto period = static_cast<std::uint64_t>(r.period.count());
    auto u = std::find_if(std::rbegin(units), std::rend(units),
                          [&](const unit& x) { return period % x.length == 0; });
    auto times = period / u->length;
    result += (result.empty() ? "" : "; ") + std::to_string(r.count) + " per ";
    if (times > 1)
      result += std::to_string(times) + ' ';
    result += u->name;
    if (times > 1)
      result += 's';
  }
  return result;
}

} // namespace nekod::http
