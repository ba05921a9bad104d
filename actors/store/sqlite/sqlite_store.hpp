#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/clearing.hpp"
#include "actors/store/session_store.hpp"
#include "actors/store/sqlite/session_database.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// A STORE, with the messages to itself, which writes whatever arrived together in one batch.
using sqlite_store_actor = store_actor::extend<
    // The next step of a deletion of many.
    caf::reacts_to<atom::clear>,
    // Deletes expired sessions and responses, in steps.
    caf::reacts_to<atom::sweep>,
    // Writes what has arrived so far.
    caf::reacts_to<atom::flush>,
    // Checks whether the store works.
    caf::reacts_to<atom::check>>;

/// The most records in one batch.
inline constexpr std::size_t most_in_batch = 512;

/// How often the file's place is checked, and a failed store is tried again.
inline constexpr std::chrono::seconds store_check_interval{2};

/// Session records and responses in a file, written in batches: everything that waits in the
/// mailbox while the disk is busy is written together. A write is answered once it is on the disk.
/// A read sees the writes before it, whether they are on the disk or not.
struct sqlite_store_state {
  explicit sqlite_store_state(sqlite_store_actor::stateful_pointer<sqlite_store_state> self)
      : self_(self) {}
  sqlite_store_state(const sqlite_store_state&) = delete;
  sqlite_store_state& operator=(const sqlite_store_state&) = delete;

  void start(std::shared_ptr<session_database> database, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

  caf::result<session_taken> take(const session_wanted& wanted);
  caf::result<atom::commit> commit(const session_commit& c);
  caf::result<atom::commit> commit(const response_record& r);
  void release(const session_token& token) { database_->release(token); }
  caf::result<bool> remove(const session_key& key);
  caf::result<atom::close> close(const session_key& session);
  caf::result<bool> remove(const response_key& key);

  /// Answers with the result of *read*.
  template <class Read>
  auto look(Read read) -> caf::result<decltype(read(std::declval<session_database&>()))>;

  /// Writes the batch to the disk, and answers the requests that wait for it.
  void flush();

  void sweep();

  /// Checks whether the file is in its place, and tries a failed store again; repeats itself later.
  void check();

  caf::result<std::uint64_t> clear(session_filter filter);
  void clear_next();

  static inline const char* name = "sqlite-store";

private:
  /// Called at the end of a batch, with the error if it did not reach the disk.
  using waiting = std::function<void(const caf::error&)>;

  template <class T, class Write>
  caf::result<T> write(Write f);
  void join_batch(waiting answer);
  void answer_all(const caf::error& e);
  void write_apart(const std::function<void()>& write);
  std::uint64_t clear_page(const session_filter& filter, const session_page& page);
  void wrote();
  caf::error could_not(bool& trouble, const char* what, const sqlite::error& e);
  bool is_misplaced();
  caf::error misplaced_error() const;
  void tell_health();

  sqlite_store_actor::stateful_pointer<sqlite_store_state> self_;
  std::shared_ptr<session_database> database_;
  std::shared_ptr<metrics> counts_;
  session_lifetime lifetime_{std::chrono::seconds{0}};
  std::vector<waiting> batch_;
  std::deque<clearing> clearings_;
  /// Whether the last write, or read, failed; a change is logged.
  bool cannot_write_ = false;
  bool cannot_read_ = false;
  /// Why the file is not in its place; empty if it is.
  std::string misplaced_;
};

/// The STORE that keeps records in a file. It blocks: spawn it `detached`.
sqlite_store_actor::behavior_type
sqlite_store(sqlite_store_actor::stateful_pointer<sqlite_store_state> self,
             std::shared_ptr<session_database> database, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

/// A store in *file*, which is created if it does not exist, and closed when the actor ends.
/// @throws store_error as `open_session_file` does.
std::unique_ptr<session_store> open_sqlite_store(const std::string& file,
                                                 session_database::texts texts);

} // namespace nekod
