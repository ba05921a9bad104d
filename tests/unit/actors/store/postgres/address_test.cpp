#include "actors/store/postgres/address.hpp"

#include <doctest/doctest.h>

using namespace nekod::postgres;

TEST_CASE("a PostgreSQL server is named by a URI or by a service") {
  CHECK(is_address("postgres://host/db"));
  CHECK(is_address("postgresql:///db?host=/run/postgresql"));
  CHECK(is_address("postgres:service=chat"));
  for (const auto* other : {"memory", "sqlite:postgres://x", "postgres", "postgres:service=", ""})
    CHECK_FALSE(is_address(other));
}

TEST_CASE("names of hosts are known, so that they can be resolved without blocking") {
  const auto hosts = names_in("postgresql://me@one.example,10.0.0.2:5433/db");
  REQUIRE(hosts.size() == 2);
  CHECK(hosts[0].name == "one.example");
  CHECK(hosts[0].port.empty());
  CHECK(hosts[1].name == "10.0.0.2");
  CHECK(hosts[1].port == "5433");
  CHECK(names_in("postgresql://one.example,two.example/db?port=77")[1].port == "77");
  for (const auto* none : {"postgresql://127.0.0.1/db", "postgresql:///db?host=/run/postgresql",
                           "postgres:service=x", "postgresql://one.example/db?hostaddr=10.0.0.1"})
    CHECK(names_in(none).empty());
}

TEST_CASE("an address with a password is refused, and the password is not repeated") {
  CHECK(problem_of("postgresql://me@host/db").empty());
  CHECK(problem_of("postgres:service=chat").empty());
  for (const auto* with : {"postgresql://me:s3cret@host/db", "postgresql://host/db?password=s3cret",
                           "postgres:service=chat password=s3cret"}) {
    CHECK(problem_of(with).find("PGPASSFILE") != std::string::npos);
    CHECK(problem_of(with).find("s3cret") == std::string::npos);
  }
  CHECK_FALSE(problem_of("postgresql://host:port:s3cret/db?x=1").empty());
  CHECK(problem_of("postgresql://host/db?s3cret=1").find("s3cret") == std::string::npos);
}
