#include "actors/sqlite_store.hpp"

#include "actors/store.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

void sqlite_store_state::start(std::shared_ptr<session_database> database,
                               std::chrono::seconds time_to_live, std::shared_ptr<metrics> counts) {
  database_ = std::move(database);
  time_to_live_ = time_to_live;
  counts_ = std::move(counts);
  counts_->stored_sessions.Set(static_cast<double>(database_->count()));
  self_->set_exit_handler([this](caf::exit_msg& m) {
    flush();
    self_->quit(m.reason);
  });
  // Much may have expired while nobody was here.
  self_->send(self_, atom::sweep_v);
}

// -- writing -------------------------------------------------------------------------------------

template <class T, class Write>
caf::result<T> sqlite_store_state::write(Write f) {
  T answer{};
  try {
    answer = f();
  } catch (const sqlite::error& e) {
    auto reason = could_not(cannot_write_, "written", e);
    answer_all(reason);
    return reason;
  }
  auto promise = self_->make_response_promise<T>();
  // Comes behind all that is in the mailbox already.
  if (batch_.empty())
    self_->send(self_, atom::flush_v);
  batch_.emplace_back([promise, answer](const caf::error& e) mutable {
    if (e)
      promise.deliver(e);
    else
      promise.deliver(answer);
  });
  if (batch_.size() >= most_in_batch)
    flush();
  return promise;
}

caf::result<atom::commit> sqlite_store_state::keep(const session_record& record) {
  return write<atom::commit>([&] {
    database_->keep(record);
    return atom::commit_v;
  });
}

caf::result<bool> sqlite_store_state::remove(const std::string& id, const session_scope& scope) {
  return write<bool>([&] { return database_->remove(id, scope); });
}

void sqlite_store_state::flush() {
  if (batch_.empty())
    return;
  try {
    auto begun = metrics::clock::now();
    database_->commit();
    counts_->store_commit.Observe(in_seconds(metrics::clock::now() - begun));
    counts_->stored_records.Increment(static_cast<double>(batch_.size()));
    wrote();
    answer_all({});
  } catch (const sqlite::error& e) {
    answer_all(could_not(cannot_write_, "written", e));
  }
}

void sqlite_store_state::sweep() {
  // A sweep that fails is not to take others' records along.
  flush();
  std::size_t swept = 0;
  try {
    swept = database_->sweep(std::chrono::system_clock::now() - time_to_live_, sweep_step);
    database_->commit();
    wrote();
  } catch (const sqlite::error& e) {
    could_not(cannot_write_, "written", e);
  }
  if (swept == sweep_step)
    self_->send(self_, atom::sweep_v);
  else
    self_->delayed_send(self_, sweep_interval(time_to_live_), atom::sweep_v);
}

void sqlite_store_state::answer_all(const caf::error& e) {
  for (auto& answer : std::exchange(batch_, {}))
    answer(e);
}

// -- reading -------------------------------------------------------------------------------------

template <class Read>
auto sqlite_store_state::look(Read read)
    -> caf::result<decltype(read(std::declval<session_database&>()))> {
  try {
    auto found = read(*database_);
    cannot_read_ = false;
    return found;
  } catch (const sqlite::error& e) {
    return could_not(cannot_read_, "read", e);
  }
}

// -- how it stands -------------------------------------------------------------------------------

void sqlite_store_state::wrote() {
  counts_->stored_sessions.Set(static_cast<double>(database_->count()));
  if (std::exchange(cannot_write_, false))
    spdlog::warn("the session store can be written again");
}

caf::error sqlite_store_state::could_not(bool& trouble, const char* what, const sqlite::error& e) {
  if (!std::exchange(trouble, true))
    spdlog::error("the session store cannot be {}: {}; turns fail until it can", what, e.what());
  return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
}

batching_store_actor::behavior_type
sqlite_store(batching_store_actor::stateful_pointer<sqlite_store_state> self,
             std::shared_ptr<session_database> database, std::chrono::seconds time_to_live,
             std::shared_ptr<metrics> counts) {
  self->state.start(std::move(database), time_to_live, std::move(counts));
  return {
      [self](atom::commit, const session_record& record) { return self->state.keep(record); },
      [self](atom::load, const std::string& id) {
        return self->state.look([&](auto& db) { return db.load(id); });
      },
      [self](atom::find, const std::string& tenant, const std::string& tip) {
        return self->state.look([&](auto& db) { return db.find(tenant, tip); });
      },
      [self](atom::remove, const std::string& id, const session_scope& scope) {
        return self->state.remove(id, scope);
      },
      [self](atom::list) { return self->state.look([](auto& db) { return db.list(); }); },
      [self](atom::sweep) { self->state.sweep(); },
      [self](atom::flush) { self->state.flush(); },
  };
}

} // namespace nekod
