#pragma once

#include "protocol/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Rate limits and their notation. Pure.
namespace nekod::http {

/// A number of requests per period.
struct rate {
  std::uint64_t count = 1;
  std::chrono::seconds period{1};

  bool operator==(const rate&) const = default;
};

/// The rates in one setting, such as `200 per day; 50 per hour`. Without rates there is no limit.
struct rate_limit {
  std::vector<rate> rates;

  bool operator==(const rate_limit&) const = default;
};

/// Parses the notation of Flask-Limiter: `10 per minute`, `10/minute`, `5 per 2 minutes`, several
/// of them separated by `;`, `,`, `|` or a line end. Units are second, minute, hour, day, month (30
/// days) and year (365 days), with or without `s`. Case and blanks do not matter.
///
/// Empty text is no limit. Refused are other notations, zeros, periods over ten years and rates
/// over a million per second; the error is a sentence that quotes the invalid part.
result<rate_limit, std::string> parse_rate_limit(std::string_view text);

/// *limit* in the notation that `parse_rate_limit` reads; one line.
std::string to_text(const rate_limit& limit);

} // namespace nekod::http
