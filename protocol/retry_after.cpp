#include "protocol/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// The clock counts nanoseconds and overflows in the year 2262.
constexpr int latest_year = 2200;

/// A number of digits only.
std::optional<int> whole_number(std::string_view text) {
  int n = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, n);
  const auto good = fault == std::errc{} && stop == end && n >= 0 && !text.empty();
  return good && text.front() != '-' ? std::optional{n} : std::nullopt;
}

/// *text* times *unit* in milliseconds, within limits.
std::optional<milliseconds> amount(std::string_view text, double unit) {
  text = trimmed(text);
  const auto is_number = !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
  double n = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, n);
  if (is_number && fault == std::errc::result_out_of_range)
    return longest_retry_after;
  if (!is_number || fault != std::errc{} || stop != end)
    return std::nullopt;
  const auto longest = static_cast<double>(longest_retry_after.count());
  return milliseconds{static_cast<std::int64_t>(std::ceil(std::min(n * unit, longest)))};
}

std::optional<unsigned> month_named(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<unsigned>(found - names.begin()) + 1;
}

/// `08:49:37` since midnight; a leap second counts as the one before it.
std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':')
    return std::nullopt;
  const auto h = whole_number(text.substr(0, 2));
  const auto m = whole_number(text.substr(3, 2));
  const auto s = whole_number(text.substr(6, 2));
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60)
    return std::nullopt;
  return std::chrono::hours{*h} + std::chrono::minutes{*m} + std::chrono::seconds{std::min(*s, 59)};
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" ,-", at)) != text.npos;) {
    const auto end = std::min(text.find_first_of(" ,-", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

/// A year with two digits is the one that is at most fifty years ahead (RFC 9110, 5.6.7).
int full_year(int year, system_clock::time_point now) {
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const auto this_year = static_cast<int>(today.year());
  const auto guess = this_year - this_year % 100 + year;
  if (guess > this_year + 50)
    return guess - 100;
  return guess <= this_year - 50 ? guess + 100 : guess;
}

} // namespace

std::optional<system_clock::time_point> parse_http_date(std::string_view text,
                                                        system_clock::time_point now) {
  const auto words = words_of(trimmed(text));
  const auto is_asctime = words.size() == 5;
  if (!is_asctime && (words.size() != 6 || words[5] != "GMT"))
    return std::nullopt;
  const auto month = month_named(words[is_asctime ? 1 : 2]);
  const auto day = whole_number(words[is_asctime ? 2 : 1]);
  const auto year = whole_number(words[is_asctime ? 4 : 3]);
  const auto time = time_of_day(words[is_asctime ? 3 : 4]);
  if (!month || !day || !year || !time || *year > 9999)
    return std::nullopt;
  const auto whole_year = words[is_asctime ? 4 : 3].size() == 2 ? full_year(*year, now) : *year;
  const auto date =
      std::chrono::year{std::min(whole_year, latest_year)} / static_cast<int>(*month) / *day;
  if (!date.ok())
    return std::nullopt;
  return std::chrono::sys_days{date} + *time;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, system_clock::time_point now) {
  if (auto seconds = amount(text, 1000))
    return seconds;
  const auto date = parse_http_date(text, now);
  if (!date)
    return std::nullopt;
  return std::clamp(std::chrono::ceil<milliseconds>(*date - now), milliseconds{0},
                    longest_retry_after);
}

std::optional<milliseconds> parse_retry_after_ms(std::string_view text) { return amount(text, 1); }

} // namespace nekod
