#include "actors/store/postgres/sharing/rest_rows.hpp"

#include "actors/store/postgres/value_text.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::postgres {

namespace {

using chat::failure_code;
using std::chrono::milliseconds;

/// The code of that name. A newer node may know others.
failure_code failure_named(std::string_view name, bool refused) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(failure_code::count); ++i)
    if (chat::name_of(static_cast<failure_code>(i)) == name)
      return static_cast<failure_code>(i);
  return refused ? failure_code::upstream_auth_failed : failure_code::rate_limit_exceeded;
}

} // namespace

query rest_query(const shared_rest& r, std::chrono::steady_clock::time_point now) {
  const auto left = std::max(std::chrono::ceil<milliseconds>(r.end - now), milliseconds{0});
  query q;
  q.sql = "SELECT nekod.rest_1($1, $2, $3, $4, $5, $6, $7)";
  q.values = {r.upstream,
              bytes_text(r.account),
              flag_text(r.refused),
              bytes_text(r.model),
              std::string{chat::name_of(r.code)},
              flag_text(r.over),
              std::to_string(left.count())};
  return q;
}

query rests_query() {
  query q;
  q.sql = "SELECT * FROM nekod.rests_1()";
  return q;
}

std::vector<shared_rest> rests_of(const rows& found, std::chrono::steady_clock::time_point asked) {
  std::vector<shared_rest> result;
  for (std::size_t i = 0; i < found.count(); ++i) {
    shared_rest r;
    r.upstream = found.text(i, 0);
    r.account = found.bytes(i, 1);
    r.refused = found.flag(i, 2);
    r.model = found.bytes(i, 3);
    r.code = failure_named(found.text(i, 4), r.refused);
    r.over = found.flag(i, 5);
    r.end = asked + milliseconds{found.number(i, 6)};
    result.push_back(std::move(r));
  }
  return result;
}

} // namespace nekod::postgres
