#pragma once

#include "actors/runtime/event_loops.hpp"
#include "actors/store/postgres/schema.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace nekod {

/// The settings of a store in a PostgreSQL database.
struct postgres_store_options {
  postgres_store_options() = default;

  /// As `postgres::parameters_of` takes it.
  std::string address;
  std::size_t links = 8;
  postgres::migration migrates = postgres::migration::allowed;
  /// As `postgres::prepare` takes it.
  std::function<bool(const std::string&)> waits;
  /// How long a turn waits for a session that another node works on.
  std::chrono::milliseconds session_wait{60'000};
  /// A node that does not renew its row for that long counts as gone: others may take what it held.
  std::chrono::milliseconds lease{15'000};
  /// For how long an answer is kept for a request without a key that is sent again.
  std::chrono::milliseconds answer_age{60'000};
  /// Whether texts of messages are stored.
  bool keeps_texts = true;
  /// The address at which other nodes read answers that this one keeps; empty for none.
  std::string node_address;
};

} // namespace nekod
