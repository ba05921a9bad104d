#include "actors/store/postgres/sharing/limit_rows.hpp"

#include "actors/store/postgres/value_text.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::postgres {

namespace {

/// The most buckets that one query forgets.
constexpr const char* most_swept = "10000";

/// An array of what *value* makes of each bucket.
template <class F>
std::string array_of(const limit_charge& c, F value) {
  std::vector<std::string> all;
  all.reserve(c.buckets.size());
  for (const auto& b : c.buckets)
    all.push_back(value(b));
  return array_text({all.begin(), all.end()});
}

} // namespace

query charge_query(const limit_charge& c) {
  query q;
  q.sql = "SELECT * FROM nekod.charge_1($1, $2, $3, $4, $5, $6)";
  q.values = {c.caller,
              array_of(c, [](const auto& b) { return b.name; }),
              array_of(c, [](const auto& b) { return std::to_string(b.interval.count()); }),
              array_of(c, [](const auto& b) { return std::to_string(b.whole.count()); }),
              array_of(c, [](const auto& b) { return std::to_string(b.count); }),
              flag_text(c.in_any_case)};
  return q;
}

limit_verdict verdict_of(const rows& found) {
  limit_verdict v;
  v.passes = found.flag(0, 0);
  for (const auto& text : found.array(0, 1)) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    v.full_in.emplace_back(number);
  }
  return v;
}

query sweep_buckets_query() {
  query q;
  q.sql = "SELECT nekod.sweep_buckets_1($1)";
  q.values = {most_swept};
  return q;
}

} // namespace nekod::postgres
