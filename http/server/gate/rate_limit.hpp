#pragma once

#include "protocol/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// How often somebody may ask, and the notation that it is written in. Pure.
namespace nekod::http {

/// So many requests in such a time.
struct rate {
  std::uint64_t count = 1;
  std::chrono::seconds period{1};

  bool operator==(const rate&) const = default;
};

/// All of what one setting says, such as `200 per day; 50 per hour`. No rate is no limit.
struct rate_limit {
  std::vector<rate> rates;

  bool operator==(const rate_limit&) const = default;
};

/// Reads the notation of Flask-Limiter: `10 per minute`, `10/minute`, `5 per 2 minutes`, several of
/// them with `;`, `,`, `|` or a new line between. Units are second, minute, hour, day, month (30
/// days) and year (365 days), with or without `s`. Letters' case and blanks do not matter.
///
/// Empty text is no limit. Refused are what is not understood, zeros, periods over ten years and
/// rates over a million a second; the error is a sentence that quotes the part at fault.
result<rate_limit, std::string> parse_rate_limit(std::string_view text);

/// *limit* in words that `parse_rate_limit` reads back as the same; one line.
std::string to_text(const rate_limit& limit);

} // namespace nekod::http
