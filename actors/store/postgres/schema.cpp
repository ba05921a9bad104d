#include "actors/store/postgres/schema.hpp"

#include "actors/store/postgres/schema/blocking_link.hpp"
#include "actors/store/store_error.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

namespace nekod::postgres {

/// The steps of the schema, `schema/step_1.sql` and so on.
std::string_view schema_step_1() noexcept;
std::string_view schema_step_2() noexcept;
std::string_view schema_step_3() noexcept;
std::string_view schema_step_4() noexcept;
std::string_view schema_step_5() noexcept;

namespace {

/// The table that says which steps a database has. Steps that older versions of nekod cannot do
/// with raise `oldest`, the lowest version of the schema that a nekod has to know.
constexpr const char* meta_table = R"(
  CREATE SCHEMA IF NOT EXISTS nekod;
  CREATE TABLE IF NOT EXISTS nekod.meta (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL,
    oldest bigint NOT NULL,
    digest_key bytea NOT NULL
  );
  INSERT INTO nekod.meta (version, oldest, digest_key)
    VALUES (0, 0, sha256(decode(replace(
      gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
      'hex')))
    ON CONFLICT DO NOTHING
)";

/// The version of the schema; 0 for none.
std::int64_t version_of(blocking_link& s) {
  if (s.ask("SELECT to_regclass('nekod.meta') IS NOT NULL").flag(0, 0))
    return s.ask("SELECT version FROM nekod.meta").number(0, 0);
  return 0;
}

void bring_up_to_date(blocking_link& s) {
  const std::string_view steps[] = {schema_step_1(), schema_step_2(), schema_step_3(),
                                    schema_step_4(), schema_step_5()};
  s.ask("BEGIN");
  // Other nodes may start at the same time.
  s.ask("SELECT pg_advisory_xact_lock(hashtextextended('nekod schema', 15))");
  s.ask(meta_table);
  const auto newest = static_cast<std::int64_t>(std::size(steps));
  for (auto version = version_of(s); version < newest; ++version) {
    s.ask(std::string{steps[version]});
    s.ask("UPDATE nekod.meta SET version = version + 1");
    spdlog::info("the database's schema is now at version {}", version + 1);
  }
  s.ask("COMMIT");
}

void check_promises(blocking_link& s) {
  for (const auto* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    const auto setting = s.ask(std::string{"SHOW "} + name);
    if (setting.text(0, 0) == "off")
      spdlog::warn("the database's setting {} is off: answered turns may be lost with its machine",
                   name);
  }
}

/// Nodes judge by their own clocks which sessions have expired: a clock that is wrong would delete
/// those of others.
void check_clock(blocking_link& s) {
  using namespace std::chrono;
  constexpr seconds most_difference{300};
  const auto before = system_clock::now();
  const auto there = s.ask("SELECT extract(epoch FROM clock_timestamp())::bigint").number(0, 0);
  const auto here = duration_cast<seconds>(before.time_since_epoch()).count();
  if (std::abs(there - here) > most_difference.count())
    throw store_error{"the clock of this machine differs from the database's by " +
                          std::to_string(std::abs(there - here)) + " seconds; at most " +
                          std::to_string(most_difference.count()) + " are allowed",
                      true};
}

std::string prepare_once(const std::string& address, migration m) {
  constexpr std::int64_t known_version = 5;
  blocking_link s{address};
  if (s.ask("SHOW server_version_num").number(0, 0) < 140'000)
    throw store_error{"PostgreSQL 14 or newer is needed", false};
  check_clock(s);
  if (version_of(s) < known_version) {
    if (m == migration::refused)
      throw store_error{"the database's schema is older than this nekod; run nekod store migrate, "
                        "or set --store-migrate auto",
                        false};
    bring_up_to_date(s);
  }
  const auto meta = s.ask("SELECT oldest, upper(encode(digest_key, 'hex')) FROM nekod.meta");
  if (meta.number(0, 0) > known_version)
    throw store_error{"the database's schema needs a newer nekod", false};
  check_promises(s);
  return std::string{meta.text(0, 1)};
}

} // namespace

std::string prepare(const std::string& address, migration m,
                    const std::function<bool(const std::string&)>& waits) {
  for (;;) {
    try {
      return prepare_once(address, m);
    } catch (const store_error& e) {
      if (!e.may_pass() || !waits || !waits(e.what()))
        throw;
    }
  }
}

} // namespace nekod::postgres
