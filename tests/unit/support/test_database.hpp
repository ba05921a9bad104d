#pragma once

#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"

#include <memory>
#include <string>

namespace nekod::test {

/// Whether there is a PostgreSQL server to be started. Without one, the test cases with `database`
/// in their names are left out.
bool has_database();

/// A server for this process, which ends with it, with a database that has the schema.
class test_database {
public:
  test_database();
  ~test_database();
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  /// Its address, as for `--store`.
  const std::string& address() const noexcept { return address_; }

  /// Deletes all records.
  void empty();

  /// Asks, and waits for the answer. @throws std::runtime_error if it fails.
  postgres::rows ask(const postgres::query& q);

private:
  struct connection;

  std::string folder_;
  std::string address_;
  /// The standard input of the server's recorder.
  int keeper_ = -1;
  std::unique_ptr<connection> connection_;
};

/// The one of this process; started when it is first needed.
test_database& database();

} // namespace nekod::test
