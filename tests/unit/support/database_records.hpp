#pragma once

#include "actors/store/clearing.hpp"
#include "actors/store/postgres/response_rows.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/postgres/value_text.hpp"
#include "actors/store/store_counts.hpp"
#include "tests/unit/support/test_database.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace nekod::test {

/// Records in a database, asked without links and without an actor: what the functions of the
/// schema answer. Each object begins with an empty database.
class database_records {
public:
  using time_point = std::chrono::system_clock::time_point;

  database_records() {
    database().empty();
    node_.id = "00000000-0000-4000-8000-000000000001";
    node_.answer_age = std::chrono::hours{1};
    live(node_.id);
  }

  /// A node lives from now on, for an hour.
  void live(const std::string& node) {
    database().ask(
        postgres::query{"SELECT nekod.renew_1($1, 'test', 3600000)", {node}, nullptr, {}, 0});
  }

  /// From now on it is this node that asks.
  void be(const std::string& node) {
    node_.id = node;
    live(node);
  }

  /// A node is gone, without a word.
  void lose(const std::string& node) {
    database().ask(postgres::query{
        "UPDATE nekod.nodes SET until = clock_timestamp() WHERE id = $1", {node}, nullptr, {}, 0});
  }

  postgres::take_outcome try_take(const session_wanted& w) {
    return postgres::taken_of(database().ask(postgres::take_query(node_, w, {}, true)), w);
  }
  session_taken take(const session_wanted& w) { return try_take(w).taken; }

  /// @param name Two with one name are one that is said twice.
  commit_outcome commit(const session_commit& c, const std::string& name) {
    auto q = postgres::commit_query(node_, c, name);
    if (c.response)
      q = postgres::commit_with_response(q, node_, *c.response);
    return database().ask(std::move(q)).number(0, 0) == 0 ? commit_outcome::kept
                                                          : commit_outcome::refused;
  }

  commit_outcome commit(const session_commit& c) { return commit(c, std::to_string(++commits_)); }

  void commit(const response_record& r) {
    database().ask(postgres::store_response_query(node_, r));
  }

  void release(const session_token& token) { database().ask(postgres::release_query(token)); }

  session_finding show(const std::string& id, const session_view& view) const {
    return postgres::shown_of(database().ask(postgres::show_query(id, view)));
  }

  session_page list(const session_query& q) const {
    return postgres::page_of(database().ask(postgres::page_query(q)), q.limit);
  }

  conversation_finding show(const conversation_query& q) const {
    return postgres::conversation_of(database().ask(postgres::conversation_rows_query(q)));
  }

  bool remove(const session_key& key) {
    return database().ask(postgres::remove_query(node_, key)).flag(0, 0);
  }

  bool remove(const response_key& key, time_point now) {
    return database().ask(postgres::remove_response_query(key, now)).flag(0, 0);
  }

  void close(const session_key& session) { database().ask(postgres::close_query(session)); }

  std::size_t sweep(const session_expiry& expiry, std::size_t most) {
    const auto swept = database().ask(postgres::sweep_query(expiry, most));
    return static_cast<std::size_t>(swept.number(0, 0));
  }

  store_counts counts() const {
    const auto found = database().ask(postgres::query{
        "SELECT (SELECT count(*) FROM nekod.sessions), (SELECT count(*) FROM nekod.responses)",
        {},
        nullptr,
        {},
        0});
    return {static_cast<std::size_t>(found.number(0, 0)),
            static_cast<std::size_t>(found.number(0, 1))};
  }

  /// The responses, for reading.
  struct reader {
    response_finding show(const response_key& key, time_point now) const {
      return postgres::response_of(database().ask(postgres::response_query(key, now)), key);
    }
    response_chain show(const chain_query& q, time_point now) const {
      return postgres::chain_of(database().ask(postgres::chain_rows_query(q, now)));
    }
    item_finding show(const item_query& q, time_point now) const {
      return postgres::items_of(database().ask(postgres::items_query(q, now)));
    }
  };
  reader responses() const { return {}; }

private:
  postgres::node_facts node_;
  unsigned commits_ = 0;
};

} // namespace nekod::test
