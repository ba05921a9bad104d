#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// `Retry-After` and its relatives, as servers send them (RFC 9110, 10.2.3 and 5.6.7).
namespace nekod {

/// Longer times in such a field count as this one.
inline constexpr std::chrono::milliseconds longest_retry_after{std::chrono::hours{24 * 365}};

/// An HTTP date in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94
/// 08:49:37 GMT` and `Sun Nov 6 08:49:37 1994`.
/// @param now Determines the century of a year with two digits.
std::optional<std::chrono::system_clock::time_point>
parse_http_date(std::string_view text, std::chrono::system_clock::time_point now);

/// Parses `Retry-After`: seconds, possibly with decimals, or an HTTP date.
/// @param now The server's time according to its `Date`, or ours.
/// @returns the time from now on, not negative; nothing if *text* is neither.
std::optional<std::chrono::milliseconds>
parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

/// Parses `retry-after-ms`: milliseconds, possibly with decimals.
std::optional<std::chrono::milliseconds> parse_retry_after_ms(std::string_view text);

} // namespace nekod
