#include "http/server/gate/rate_limit.hpp"

#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

namespace nekod::fuzz {

void rate_limit(std::string_view input) {
  const auto limit = http::parse_rate_limit(input);
  if (!limit) {
    check(limit.error().find_first_of("\r\n") == std::string::npos, "a complaint is one line");
    return;
  }
  for (const auto& r : limit->rates) {
    check(r.count > 0 && r.period.count() > 0, "no rate has a zero");
    check(r.count <= 1'000'000 * static_cast<std::uint64_t>(r.period.count()),
          "no rate is over a million a second");
    check(r.period <= std::chrono::hours{24} * 3660, "no period is over ten years");
  }
  const auto words = http::to_text(*limit);
  check(words.find_first_of("\r\n") == words.npos, "a limit in words is one line");
  const auto again = http::parse_rate_limit(words);
  check(again && *again == *limit, "a limit in words is read back");
}

} // namespace nekod::fuzz
