#include "actors/store/postgres/sharing/rest_rows.hpp"
#include "tests/unit/support/test_database.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using time_point = std::chrono::steady_clock::time_point;

shared_rest limit(const std::string& model, time_point end) {
  shared_rest r;
  r.upstream = "cats";
  r.account = std::string{"\0digest", 7};
  r.model = model;
  r.end = end;
  return r;
}

shared_rest refusal(time_point end) {
  auto r = limit({}, end);
  r.refused = true;
  r.code = chat::failure_code::upstream_auth_failed;
  return r;
}

struct fixture {
  fixture() { test::database().empty(); }

  void tell(const shared_rest& r) { test::database().ask(postgres::rest_query(r, now)); }

  std::vector<shared_rest> all() const {
    return postgres::rests_of(test::database().ask(postgres::rests_query()), now);
  }

  /// How much longer the only rest lasts: at most a minute less than it was told.
  std::chrono::seconds left() const {
    const auto found = all();
    REQUIRE(found.size() == 1);
    return std::chrono::round<std::chrono::minutes>(found[0].end - now);
  }

  time_point now = std::chrono::steady_clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "database: a rest is read as it was told") {
  // A client may choose any name.
  const std::string model{"m\0\xff\"'", 5};
  tell(limit(model, now + 1h));
  const auto found = all();
  REQUIRE(found.size() == 1);
  CHECK(found[0].upstream == "cats");
  CHECK(found[0].account == std::string{"\0digest", 7});
  CHECK(found[0].model == model);
  CHECK_FALSE(found[0].refused);
  CHECK_FALSE(found[0].over);
  CHECK(found[0].code == chat::failure_code::rate_limit_exceeded);
  CHECK(found[0].end <= now + 1h);
  CHECK(left() == 1h);
}

TEST_CASE_FIXTURE(fixture, "database: of two ends of a rest the later one counts") {
  tell(limit("m", now + 2h));
  tell(limit("m", now + 1h));
  CHECK(left() == 2h);
  tell(limit("m", now + 3h));
  CHECK(left() == 3h);
}

TEST_CASE_FIXTURE(fixture, "database: a refusal that is over ends before its time") {
  tell(refusal(now + 2h));
  auto over = refusal(now + 1h);
  over.over = true;
  tell(over);
  CHECK(left() == 1h);
  CHECK(all()[0].over);
  tell(refusal(now + 30min));
  CHECK(left() == 30min);
  CHECK_FALSE(all()[0].over);
}

TEST_CASE_FIXTURE(fixture, "database: rests that ended are neither shown nor kept") {
  tell(limit("m", now));
  CHECK(all().empty());
  tell(limit("n", now + 1h));
  CHECK(all().size() == 1);
  CHECK(
      test::database().ask({"SELECT count(*) FROM nekod.rests", {}, nullptr, {}, 0}).number(0, 0) ==
      1);
}
