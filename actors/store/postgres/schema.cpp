#include "actors/store/postgres/schema.hpp"

#include "actors/store/postgres/address.hpp"
#include "actors/store/postgres/result.hpp"

#include <libpq-fe.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace nekod::postgres {

/// The first step of the schema, `schema/step_1.sql`.
std::string_view schema_step_1() noexcept;

namespace {

using steady = std::chrono::steady_clock;

/// Between two attempts to reach the server.
constexpr std::chrono::milliseconds attempt_interval{500};

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

std::string message_of(PGconn* connection) {
  std::string text = connection ? PQerrorMessage(connection) : "no memory";
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// A connection that blocks.
class session {
public:
  explicit session(const std::string& address) {
    const auto parameters = parameters_of(address);
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
      keywords.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw schema_error{message_of(connection_.get()), true};
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
  }

  rows ask(const std::string& sql) {
    auto* result = PQexec(connection_.get(), sql.c_str());
    const auto status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
      return rows{result};
    PQclear(result);
    const auto lost = PQstatus(connection_.get()) != CONNECTION_OK;
    throw schema_error{message_of(connection_.get()), lost};
  }

private:
  struct closer {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
  };
  std::unique_ptr<PGconn, closer> connection_;
};

/// The version of the schema; 0 for none.
std::int64_t version_of(session& s) {
  if (s.ask("SELECT to_regclass('nekod.meta') IS NOT NULL").flag(0, 0))
    return s.ask("SELECT version FROM nekod.meta").number(0, 0);
  return 0;
}

void bring_up_to_date(session& s) {
  const std::string_view steps[] = {schema_step_1()};
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

void check_promises(session& s) {
  for (const auto* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    const auto setting = s.ask(std::string{"SHOW "} + name);
    if (setting.text(0, 0) == "off")
      spdlog::warn("the database's setting {} is off: answered turns may be lost with its machine",
                   name);
  }
}

std::string prepare_once(const std::string& address, migration m) {
  constexpr std::int64_t known_version = 1;
  session s{address};
  if (s.ask("SHOW server_version_num").number(0, 0) < 140'000)
    throw schema_error{"PostgreSQL 14 or newer is needed", false};
  if (version_of(s) < known_version) {
    if (m == migration::refused)
      throw schema_error{"the database's schema is older than this nekod; run nekod store migrate, "
                         "or set --store-migrate auto",
                         false};
    bring_up_to_date(s);
  }
  const auto meta = s.ask("SELECT oldest, digest_key FROM nekod.meta");
  if (meta.number(0, 0) > known_version)
    throw schema_error{"the database's schema needs a newer nekod", false};
  check_promises(s);
  return meta.bytes(0, 1);
}

} // namespace

std::string prepare(const std::string& address, migration m, std::chrono::seconds patience) {
  const auto deadline = steady::now() + patience;
  for (auto told = false;;) {
    try {
      return prepare_once(address, m);
    } catch (const schema_error& e) {
      if (!e.may_pass() || steady::now() >= deadline)
        throw;
      if (!std::exchange(told, true))
        spdlog::warn("the database cannot be reached, trying again: {}", e.what());
    }
    std::this_thread::sleep_for(attempt_interval);
  }
}

} // namespace nekod::postgres
