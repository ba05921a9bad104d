#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/session_database.hpp"
#include "actors/store/session_store.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// Records that one write brings to the disk, at most.
inline constexpr std::size_t most_in_batch = 512;

/// How often the file's place is looked at, and a store that failed is tried.
inline constexpr std::chrono::seconds store_check_interval{2};

/// Session records in a file, written in batches: all that waits in the mailbox while the disk is
/// at work goes to it together. Nobody is answered before what he wrote is on the disk; who reads
/// sees what was written before, be it there or not.
struct sqlite_store_state {
  explicit sqlite_store_state(batching_store_actor::stateful_pointer<sqlite_store_state> self)
      : self_(self) {}
  sqlite_store_state(const sqlite_store_state&) = delete;
  sqlite_store_state& operator=(const sqlite_store_state&) = delete;

  void start(std::shared_ptr<session_database> database, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

  caf::result<atom::commit> keep(const session_record& record, const message_changes& changes);
  caf::result<bool> remove(const session_key& key);
  void forget(const std::string& tenant, const std::string& identity);

  /// Answers what *read* finds.
  template <class Read>
  auto look(Read read) -> caf::result<decltype(read(std::declval<session_database&>()))>;

  /// Brings the batch to the disk, and answers those who wait for it.
  void flush();

  void sweep();

  /// Looks whether the file is in its place, and tries a store that failed; then again later.
  void check();

  caf::result<std::uint64_t> clear(session_filter filter);
  void clear_next();

  static inline const char* name = "sqlite-store";

private:
  /// What a batch's end is told to, and whether it came to the disk.
  using waiting = std::function<void(const caf::error&)>;

  template <class T, class Write>
  caf::result<T> write(Write f);
  void join_batch(waiting answer);
  void answer_all(const caf::error& e);
  void write_apart(const std::function<void()>& write);
  std::uint64_t clear_page(const session_filter& filter, const openai::session_page& page);
  void wrote();
  caf::error could_not(bool& trouble, const char* what, const sqlite::error& e);
  bool is_misplaced();
  caf::error misplaced_error() const;
  void tell_health();

  batching_store_actor::stateful_pointer<sqlite_store_state> self_;
  std::shared_ptr<session_database> database_;
  std::shared_ptr<metrics> counts_;
  session_lifetime lifetime_{std::chrono::seconds{0}};
  std::vector<waiting> batch_;
  std::deque<clearing> clearings_;
  /// Whether the last write, or read, failed: said when it changes.
  bool cannot_write_ = false;
  bool cannot_read_ = false;
  /// Why the file is not in its place; empty where it is.
  std::string misplaced_;
};

/// The STORE that keeps records in a file. It blocks: spawn it `detached`.
batching_store_actor::behavior_type
sqlite_store(batching_store_actor::stateful_pointer<sqlite_store_state> self,
             std::shared_ptr<session_database> database, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

/// A store in *file*, which is made where there is none, and closed when the actor ends.
/// @throws session_file_error as `open_session_file` does.
std::unique_ptr<session_store> open_sqlite_store(const std::string& file,
                                                 session_database::texts texts);

} // namespace nekod
