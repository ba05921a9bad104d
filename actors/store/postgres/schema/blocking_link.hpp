#pragma once

#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"

#include <memory>
#include <string>

struct pg_conn;

namespace nekod::postgres {

/// A connection that blocks, for what is done before there are actors, or without them. All
/// functions throw `store_error`.
class blocking_link {
public:
  /// Connects, with the parameters of `parameters_of`.
  explicit blocking_link(const std::string& address);

  /// Carries out one or several statements. @returns the rows of the last one.
  rows ask(const std::string& sql);

  /// Carries out one statement with values. Its end and its handler do not count.
  rows ask(const query& q);

private:
  struct closer {
    void operator()(pg_conn* c) const noexcept;
  };

  rows rows_of(pg_result* result);

  std::unique_ptr<pg_conn, closer> connection_;
};

} // namespace nekod::postgres
