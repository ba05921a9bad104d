#include "actors/store/sqlite/sqlite_store.hpp"

#include "actors/store/store_refusals.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

using std::chrono::system_clock;

namespace {

void show(const store_counts& stored, metrics& counts) {
  counts.stored_sessions.Set(static_cast<double>(stored.sessions));
  counts.stored_responses.Set(static_cast<double>(stored.responses));
}

} // namespace

void sqlite_store_state::start(std::shared_ptr<session_database> database,
                               session_lifetime lifetime, std::shared_ptr<metrics> counts) {
  database_ = std::move(database);
  lifetime_ = lifetime;
  counts_ = std::move(counts);
  show(database_->counts(), *counts_);
  self_->set_exit_handler([this](caf::exit_msg& m) {
    flush();
    for (auto& c : std::exchange(clearings_, {}))
      c.promise.deliver(m.reason);
    self_->quit(m.reason);
  });
  // Much may have expired while nekod was not running.
  self_->send(self_, atom::sweep_v);
  self_->send(self_, atom::check_v);
}

// -- writing -------------------------------------------------------------------------------------

template <class T, class Write>
caf::result<T> sqlite_store_state::write(Write f) {
  if (!misplaced_.empty())
    return misplaced_error();
  caf::expected<T> answer{T{}};
  try {
    answer = f();
  } catch (const sqlite::error& e) {
    auto reason = could_not(cannot_write_, "written", e);
    answer_all(reason);
    return reason;
  }
  if (!answer)
    return answer.error();
  auto promise = self_->make_response_promise<T>();
  join_batch([promise, written = *answer](const caf::error& e) mutable {
    if (e)
      promise.deliver(e);
    else
      promise.deliver(written);
  });
  return promise;
}

void sqlite_store_state::join_batch(waiting answer) {
  // Comes after everything that is already in the mailbox.
  if (batch_.empty())
    self_->send(self_, atom::flush_v);
  batch_.push_back(std::move(answer));
  if (batch_.size() >= most_in_batch)
    flush();
}

caf::result<session_taken> sqlite_store_state::take(const session_wanted& wanted) {
  try {
    if (misplaced_.empty() && database_->forgets_answer(wanted))
      return write<session_taken>(
          [&] { return caf::expected<session_taken>{database_->take(wanted)}; });
  } catch (const sqlite::error& e) {
    return could_not(cannot_read_, "read", e);
  }
  return look([&](auto& db) { return db.take(wanted); });
}

caf::result<atom::commit> sqlite_store_state::commit(const session_commit& c) {
  return write<atom::commit>([&]() -> caf::expected<atom::commit> {
    if (database_->commit(c) == commit_outcome::refused)
      return refused_commit();
    return atom::commit_v;
  });
}

caf::result<atom::commit> sqlite_store_state::commit(const response_record& r) {
  return write<atom::commit>([&]() -> caf::expected<atom::commit> {
    database_->commit(r);
    return atom::commit_v;
  });
}

caf::result<bool> sqlite_store_state::remove(const session_key& key) {
  return write<bool>([&] { return caf::expected<bool>{database_->remove(key)}; });
}

caf::result<atom::close> sqlite_store_state::close(const session_key& session) {
  return write<atom::close>([&]() -> caf::expected<atom::close> {
    database_->close(session);
    return atom::close_v;
  });
}

caf::result<bool> sqlite_store_state::remove(const response_key& key) {
  return write<bool>(
      [&] { return caf::expected<bool>{database_->remove(key, system_clock::now())}; });
}

void sqlite_store_state::flush() {
  if (batch_.empty())
    return;
  if (is_misplaced()) {
    database_->drop_batch();
    answer_all(misplaced_error());
    return;
  }
  try {
    auto begun = metrics::clock::now();
    database_->write_batch();
    counts_->store_commit.Observe(in_seconds(metrics::clock::now() - begun));
    counts_->stored_records.Increment(static_cast<double>(batch_.size()));
    wrote();
    answer_all({});
  } catch (const sqlite::error& e) {
    answer_all(could_not(cannot_write_, "written", e));
  }
}

/// In a batch of its own: if it fails, it must not undo the records of others.
void sqlite_store_state::write_apart(const std::function<void()>& write) {
  flush();
  write();
  database_->write_batch();
  wrote();
}

void sqlite_store_state::sweep() {
  std::size_t swept = 0;
  try {
    if (misplaced_.empty())
      write_apart([&] {
        swept = database_->sweep(lifetime_.expiry(system_clock::now()), store_step);
        if (cannot_write_)
          database_->try_write();
      });
  } catch (const sqlite::error& e) {
    swept = 0;
    could_not(cannot_write_, "written", e);
  }
  if (swept == store_step)
    self_->send(self_, atom::sweep_v);
  else
    self_->delayed_send(self_, lifetime_.sweep_interval(), atom::sweep_v);
}

caf::result<std::uint64_t> sqlite_store_state::clear(session_filter filter) {
  if (!misplaced_.empty())
    return misplaced_error();
  auto promise = self_->make_response_promise<std::uint64_t>();
  clearings_.emplace_back(std::move(filter), promise);
  self_->send(self_, atom::clear_v);
  return promise;
}

/// Carries out one step of the oldest deletion of many.
void sqlite_store_state::clear_next() {
  auto c = std::move(clearings_.front());
  clearings_.pop_front();
  try {
    auto page = database_->list(c.query);
    c.deleted += clear_page(c.filter, page);
    c.query.after = page.next;
  } catch (const sqlite::error& e) {
    c.promise.deliver(could_not(cannot_write_, "written", e));
    return;
  }
  if (c.query.after) {
    clearings_.push_back(std::move(c));
    self_->send(self_, atom::clear_v);
  } else {
    c.promise.deliver(c.deleted);
  }
}

/// @returns how many it deleted.
std::uint64_t sqlite_store_state::clear_page(const session_filter& filter,
                                             const session_page& page) {
  auto meant = [&](const auto& s) { return filter.has(s); };
  if (std::none_of(page.sessions.begin(), page.sessions.end(), meant))
    return 0;
  std::uint64_t deleted = 0;
  write_apart([&] {
    for (const auto& s : page.sessions)
      deleted += meant(s) && database_->remove(session_key{s}) ? 1 : 0;
  });
  return deleted;
}

void sqlite_store_state::answer_all(const caf::error& e) {
  for (auto& answer : std::exchange(batch_, {}))
    answer(e);
}

// -- reading -------------------------------------------------------------------------------------

template <class Read>
auto sqlite_store_state::look(Read read)
    -> caf::result<decltype(read(std::declval<session_database&>()))> {
  if (!misplaced_.empty())
    return misplaced_error();
  try {
    auto found = read(*database_);
    if (std::exchange(cannot_read_, false))
      tell_health();
    return found;
  } catch (const sqlite::error& e) {
    return could_not(cannot_read_, "read", e);
  }
}

// -- how it stands -------------------------------------------------------------------------------

void sqlite_store_state::wrote() {
  show(database_->counts(), *counts_);
  if (!std::exchange(cannot_write_, false))
    return;
  spdlog::warn("the session store is writable again");
  tell_health();
}

caf::error sqlite_store_state::could_not(bool& trouble, const char* what, const sqlite::error& e) {
  if (!std::exchange(trouble, true))
    spdlog::error("the session store cannot be {}: {}; turns fail until that changes", what,
                  e.what());
  tell_health();
  return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
}

/// Checks again, and logs a change.
bool sqlite_store_state::is_misplaced() {
  const auto problem = database_->misplaced().value_or(std::string{});
  if (problem.empty() && !misplaced_.empty())
    spdlog::warn("the session store's file is back");
  else if (!problem.empty() && misplaced_.empty())
    spdlog::error("the session store: {}; turns are refused until it is back or nekod is restarted",
                  problem);
  misplaced_ = problem;
  tell_health();
  return !misplaced_.empty();
}

caf::error sqlite_store_state::misplaced_error() const {
  return caf::make_error(caf::sec::runtime_error, misplaced_);
}

void sqlite_store_state::tell_health() {
  auto& health = *database_->health();
  health.works = !cannot_write_ && !cannot_read_;
  health.in_place = misplaced_.empty();
}

void sqlite_store_state::check() {
  if (!is_misplaced() && cannot_write_) {
    try {
      write_apart([this] { database_->try_write(); });
    } catch (const sqlite::error& e) {
      could_not(cannot_write_, "written", e);
    }
  }
  self_->delayed_send(self_, store_check_interval, atom::check_v);
}

sqlite_store_actor::behavior_type
sqlite_store(sqlite_store_actor::stateful_pointer<sqlite_store_state> self,
             std::shared_ptr<session_database> database, session_lifetime lifetime,
             std::shared_ptr<metrics> counts) {
  self->state.start(std::move(database), lifetime, std::move(counts));
  return {
      [self](atom::take, const session_wanted& wanted) { return self->state.take(wanted); },
      [self](atom::commit, const session_commit& c) { return self->state.commit(c); },
      [self](atom::release, const session_token& token) { self->state.release(token); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.look([&](auto& db) { return db.show(id, view); });
      },
      [self](atom::remove, const session_key& key) { return self->state.remove(key); },
      [self](atom::clear, session_filter& filter) { return self->state.clear(std::move(filter)); },
      [self](atom::clear) { self->state.clear_next(); },
      [self](atom::list, const session_query& query) {
        return self->state.look([&](auto& db) { return db.list(query); });
      },
      [self](atom::commit, const response_record& r) { return self->state.commit(r); },
      [self](atom::show, const response_key& key) {
        return self->state.look(
            [&](auto& db) { return db.responses().show(key, system_clock::now()); });
      },
      [self](atom::show, const chain_query& query) {
        return self->state.look(
            [&](auto& db) { return db.responses().show(query, system_clock::now()); });
      },
      [self](atom::show, const item_query& query) {
        return self->state.look(
            [&](auto& db) { return db.responses().show(query, system_clock::now()); });
      },
      [self](atom::show, const conversation_query& query) {
        return self->state.look([&](auto& db) { return db.show(query); });
      },
      [self](atom::close, const session_key& session) { return self->state.close(session); },
      [self](atom::remove, const response_key& key) { return self->state.remove(key); },
      [self](atom::sweep) { self->state.sweep(); },
      [self](atom::flush) { self->state.flush(); },
      [self](atom::check) { self->state.check(); },
  };
}

namespace {

class opened_sqlite_store : public session_store {
public:
  opened_sqlite_store(const std::string& file, session_database::texts texts)
      : database_(std::make_shared<session_database>(file, texts)),
        key_(database_->digest_key()),
        health_(database_->health()) {}

  const std::string& key() const noexcept override { return key_; }

  std::shared_ptr<const store_health> health() const override { return health_; }

  store_actor spawn(caf::actor_system& system, session_lifetime lifetime,
                    std::shared_ptr<metrics> counts) override {
    // A detached actor has its own thread, where it may wait for the disk.
    return system.spawn<caf::detached>(sqlite_store, std::exchange(database_, nullptr), lifetime,
                                       std::move(counts));
  }

private:
  std::shared_ptr<session_database> database_;
  const std::string key_;
  const std::shared_ptr<const store_health> health_;
};

} // namespace

std::unique_ptr<session_store> open_sqlite_store(const std::string& file,
                                                 session_database::texts texts) {
  return std::make_unique<opened_sqlite_store>(file, texts);
}

} // namespace nekod
