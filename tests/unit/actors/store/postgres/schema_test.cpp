#include "actors/store/postgres/schema.hpp"
#include "actors/store/postgres/schema/blocking_link.hpp"
#include "actors/store/store_error.hpp"
#include "tests/unit/support/test_database.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace nekod::postgres {

std::string_view schema_step_1() noexcept;
std::string_view schema_step_2() noexcept;
std::string_view schema_step_3() noexcept;
std::string_view schema_step_4() noexcept;
std::string_view schema_step_5() noexcept;

} // namespace nekod::postgres

using namespace nekod;
using namespace nekod::postgres;

namespace {

const std::vector<std::string_view> all_steps{schema_step_1(), schema_step_2(), schema_step_3(),
                                              schema_step_4(), schema_step_5()};

/// The address of a new database of that name.
std::string new_database(const std::string& name) {
  query q;
  q.sql = "CREATE DATABASE " + name;
  test::database().ask(q);
  auto address = test::database().address();
  address.replace(address.find("/postgres?"), 10, "/" + name + "?");
  return address;
}

/// Makes a database as a nekod did that knew that many steps, with a session.
std::string key_of_old(const std::string& address, std::size_t steps) {
  blocking_link s{address};
  s.ask("CREATE SCHEMA nekod; CREATE TABLE nekod.meta (single boolean PRIMARY KEY DEFAULT true, "
        "version bigint NOT NULL, oldest bigint NOT NULL, digest_key bytea NOT NULL)");
  for (std::size_t i = 0; i < steps; ++i)
    s.ask(std::string{all_steps[i]});
  s.ask("INSERT INTO nekod.meta (version, oldest, digest_key) VALUES (" + std::to_string(steps) +
        ", 0, 'old key')");
  s.ask("INSERT INTO nekod.nodes VALUES ('00000000-0000-4000-8000-000000000001', 'here', "
        "clock_timestamp() + interval '1 hour')");
  return std::string{s.ask("SELECT upper(encode(digest_key, 'hex')) FROM nekod.meta").text(0, 0)};
}

} // namespace

TEST_CASE("database: a schema of each earlier version is brought up to date, and keeps its rows") {
  for (std::size_t steps = 1; steps < all_steps.size(); ++steps) {
    CAPTURE(steps);
    const auto address = new_database("of_version_" + std::to_string(steps));
    const auto key = key_of_old(address, steps);
    CHECK_THROWS_AS(prepare(address, migration::refused), store_error);
    CHECK(prepare(address, migration::allowed) == key);
    blocking_link s{address};
    CHECK(s.ask("SELECT version FROM nekod.meta").number(0, 0) ==
          static_cast<std::int64_t>(all_steps.size()));
    // Nodes of earlier versions go on.
    CHECK(s.ask("SELECT oldest FROM nekod.meta").number(0, 0) == 0);
    CHECK(s.ask("SELECT address FROM nekod.nodes").text(0, 0) == "here");
    CHECK(s.ask("SELECT * FROM nekod.rests_1()").empty());
    CHECK(s.ask("SELECT count(*) FROM nekod.buckets").number(0, 0) == 0);
    CHECK(prepare(address, migration::refused) == key);
  }
}

TEST_CASE("database: a schema of a later version is used, unless it asks for a newer nekod") {
  const auto address = new_database("of_later_version");
  prepare(address, migration::allowed);
  blocking_link s{address};
  s.ask("UPDATE nekod.meta SET version = version + 1");
  CHECK_NOTHROW(prepare(address, migration::refused));
  s.ask("UPDATE nekod.meta SET oldest = version");
  CHECK_THROWS_AS(prepare(address, migration::allowed), store_error);
}
