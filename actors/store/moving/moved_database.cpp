#include "actors/store/moving/moved_database.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/store/postgres/response_rows.hpp"
#include "actors/store/postgres/schema.hpp"
#include "actors/store/postgres/schema/blocking_link.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/store_error.hpp"

#include <utility>

namespace nekod::moving {

namespace {

using postgres::query;
using postgres::rows;

query statement(std::string sql) {
  query q;
  q.sql = std::move(sql);
  return q;
}

class moved_database : public movable_store {
public:
  moved_database(const std::string& address, purpose p)
      : is_read_(p == purpose::to_read),
        key_(postgres::prepare(address, is_read_ ? postgres::migration::refused
                                                 : postgres::migration::allowed)),
        link_(address) {
    node_.id = make_session_id();
    if (is_read_)
      begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }

  std::string digest_key() override { return key_; }

  void each_session(const std::function<void(const session_record&)>& f) override {
    guarded([&] {
      // The version that is known is none, so that each row has its record.
      const session_wanted anything;
      each_row(postgres::all_sessions(), [&](const rows& row) {
        if (auto found = postgres::taken_of(row, anything).taken.record)
          f(*found);
      });
    });
  }

  void each_response(const std::function<void(const response_record&)>& f) override {
    guarded([&] {
      each_row(postgres::all_responses(), [&](const rows& row) {
        const response_key key{std::string{row.text(0, 10)}, std::string{row.text(0, 11)}};
        if (const auto found = postgres::response_of(row, key).record)
          f(*found);
      });
    });
  }

  std::string adopt(const std::string& key) override {
    return guarded([&]() -> std::string {
      if (key_ == key)
        return {};
      begin("BEGIN");
      const auto found =
          link_.ask(statement("SELECT EXISTS (SELECT 1 FROM nekod.sessions) OR "
                              "EXISTS (SELECT 1 FROM nekod.responses), "
                              "EXISTS (SELECT 1 FROM nekod.nodes WHERE until > clock_timestamp()) "
                              "FROM nekod.meta FOR UPDATE"));
      if (found.flag(0, 0))
        return refusal("has sessions of its own, under another key");
      if (found.flag(0, 1))
        return refusal("has another key, which the nekods that run use: stop them first");
      auto update = statement("UPDATE nekod.meta SET digest_key = decode($1, 'hex')");
      update.values = {key};
      link_.ask(update);
      end("COMMIT");
      key_ = key;
      return {};
    });
  }

  bool add(const session_record& r) override {
    return guarded([&] {
      join();
      session_commit c;
      c.token = {node_.id, ++last_token_};
      c.record = r;
      c.messages.added = r.transcript;
      const auto kept = link_.ask(postgres::commit_query(node_, c, postgres::token_text(c.token)));
      link_.ask(postgres::release_query(c.token));
      return kept.number(0, 0) == 0;
    });
  }

  bool add(const response_record& r) override {
    return guarded([&] {
      join();
      return !link_.ask(postgres::add_response_query(node_, r)).empty();
    });
  }

  void write_batch() override {
    if (in_transaction_ && !is_read_)
      guarded([&] { end("COMMIT"); });
  }

private:
  /// Calls *f*, and undoes the batch if the database fails.
  template <class F>
  auto guarded(F f) -> decltype(f()) {
    try {
      return f();
    } catch (const store_error&) {
      undo();
      throw;
    }
  }

  void begin(const char* how) {
    link_.ask(statement(how));
    in_transaction_ = true;
  }

  void end(const char* how) {
    link_.ask(statement(how));
    in_transaction_ = false;
  }

  void join() {
    if (!in_transaction_)
      begin("BEGIN");
  }

  void undo() noexcept {
    try {
      if (std::exchange(in_transaction_, false))
        end("ROLLBACK");
    } catch (const store_error&) {
      // The server undoes what a lost connection left open.
    }
  }

  std::string refusal(const char* reason) {
    end("ROLLBACK");
    return reason;
  }

  /// Calls *f* with each row of a query, one at a time: rows are large.
  template <class F>
  void each_row(const query& q, F f) {
    link_.ask(statement("DECLARE moved NO SCROLL CURSOR FOR " + q.sql));
    for (auto row = link_.ask(statement("FETCH moved")); !row.empty();
         row = link_.ask(statement("FETCH moved")))
      f(row);
    link_.ask(statement("CLOSE moved"));
  }

  const bool is_read_;
  std::string key_;
  postgres::blocking_link link_;
  postgres::node_facts node_;
  std::uint64_t last_token_ = 0;
  bool in_transaction_ = false;
};

} // namespace

std::unique_ptr<movable_store> open_moved_database(const std::string& address, purpose p) {
  return std::make_unique<moved_database>(address, p);
}

} // namespace nekod::moving
