#include "actors/store/postgres/sharing/limit_rows.hpp"
#include "tests/unit/support/test_database.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

/// Buckets with rates so slow that no token is added while this runs.
struct buckets {
  buckets() { test::database().empty(); }

  static limit_verdict charge(std::vector<limit_charge::bucket> all, bool in_any_case = false) {
    limit_charge c;
    c.caller = "key:alice";
    c.buckets = std::move(all);
    c.in_any_case = in_any_case;
    return postgres::verdict_of(test::database().ask(postgres::charge_query(c)));
  }

  static limit_charge::bucket bucket(const std::string& name, std::int64_t count, int size = 10) {
    return {name, 1h, size * 1h, count};
  }

  /// How many tokens are missing in each bucket.
  static std::vector<long> missing(const limit_verdict& v) {
    std::vector<long> result;
    for (const auto time : v.full_in)
      result.push_back(std::chrono::round<std::chrono::hours>(time).count());
    return result;
  }

  static std::int64_t rows() {
    const postgres::query q{"SELECT count(*) FROM nekod.buckets", {}, nullptr, {}, 0};
    return test::database().ask(q).number(0, 0);
  }
};

} // namespace

TEST_CASE_FIXTURE(buckets, "database: a bucket gives what it has, and no more") {
  for (auto i = 1; i <= 10; ++i) {
    const auto v = charge({bucket("a", 1)});
    CHECK(v.passes);
    CHECK(missing(v) == std::vector<long>{i});
  }
  const auto refused = charge({bucket("a", 1)});
  CHECK_FALSE(refused.passes);
  CHECK(missing(refused) == std::vector<long>{10});
  CHECK(charge({bucket("b", 10)}).passes);
  CHECK_FALSE(charge({bucket("c", 11)}).passes);
}

TEST_CASE_FIXTURE(buckets, "database: tokens are taken from all buckets, or from none") {
  CHECK(charge({bucket("a", 1), bucket("b", 1, 1)}).passes);
  const auto refused = charge({bucket("a", 1), bucket("b", 1, 1)});
  CHECK_FALSE(refused.passes);
  CHECK(missing(refused) == std::vector<long>{1, 1});
  CHECK(missing(charge({bucket("a", 0), bucket("b", 0, 1)})) == std::vector<long>{1, 1});
}

TEST_CASE_FIXTURE(buckets, "database: looking takes nothing, and makes no row") {
  const auto v = charge({bucket("a", 0)});
  CHECK(v.passes);
  CHECK(missing(v) == std::vector<long>{0});
  CHECK(rows() == 0);
}

TEST_CASE_FIXTURE(buckets,
                  "database: what was decided before is taken and given back in any case") {
  CHECK(charge({bucket("a", 9)}).passes);
  const auto v = charge({bucket("a", 3)}, true);
  CHECK(v.passes);
  CHECK(missing(v) == std::vector<long>{12});
  CHECK_FALSE(charge({bucket("a", 1)}).passes);
  CHECK(missing(charge({bucket("a", -4)}, true)) == std::vector<long>{8});
  CHECK(missing(charge({bucket("a", -100)}, true)) == std::vector<long>{0});
  CHECK(charge({bucket("a", 10)}).passes);
}

TEST_CASE_FIXTURE(buckets, "database: tokens come back with time, and full buckets are forgotten") {
  CHECK(charge({{"fast", 1us, 1us, 1}, {"slow", 1h, 1h, 1}}).passes);
  CHECK(charge({{"fast", 1us, 1us, 1}}).passes);
  CHECK(rows() == 2);
  test::database().ask(postgres::sweep_buckets_query());
  CHECK(rows() == 1);
  CHECK_FALSE(charge({{"slow", 1h, 1h, 1}}).passes);
}
