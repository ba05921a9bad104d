#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/clearing.hpp"
#include "actors/store/postgres/link_pool.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/postgres/store_options.hpp"
#include "actors/store/postgres/token_order.hpp"
#include "actors/store/session_store.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// A STORE, with the messages to itself.
using postgres_store_actor = store_actor::extend<
    // Results have arrived.
    caf::reacts_to<atom::wake>,
    // Tells the database that the node lives.
    caf::reacts_to<atom::refresh>,
    // Asks again for sessions that other nodes hold.
    caf::reacts_to<atom::idle>,
    // The next step of a deletion of many.
    caf::reacts_to<atom::clear>,
    // Deletes expired sessions and responses, in steps.
    caf::reacts_to<atom::sweep>,
    // Ends the actor, whatever is under way.
    caf::reacts_to<atom::close>>;

/// What the program shares with the store's actor. Everything but `health` is used on the store's
/// loop only.
struct postgres_store_parts {
  postgres_store_options options;
  std::shared_ptr<store_health> health = std::make_shared<store_health>();
  std::shared_ptr<postgres::link_pool> pool;
  asio::io_context* loop = nullptr;
  /// Called outside of the actor when another node deleted a session that a token here holds.
  std::function<void(const session_token&)> on_gone;
};

/// Session records and responses in a PostgreSQL database that several nodes share. Nothing blocks:
/// queries are carried out by links on the store's event loop, and their results come back as
/// messages. What one token does is carried out in order.
struct postgres_store_state {
  explicit postgres_store_state(postgres_store_actor::stateful_pointer<postgres_store_state> self)
      : self_(self) {}
  ~postgres_store_state();
  postgres_store_state(const postgres_store_state&) = delete;
  postgres_store_state& operator=(const postgres_store_state&) = delete;

  void start(std::shared_ptr<postgres_store_parts> parts, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

  caf::result<session_taken> take(session_wanted wanted);
  caf::result<atom::commit> commit(const session_commit& c);
  void release(const session_token& token);
  caf::result<std::uint64_t> clear(session_filter filter);

  /// Answers a request with what *read* makes of the rows of a query.
  template <class T, class Read>
  caf::result<T> answer(postgres::query q, Read read);

  const postgres::node_facts& node() const noexcept { return node_; }

  void handle_results();
  void renew();
  void look_at_waiting();
  void clear_next();
  void sweep();
  void close();

  static inline const char* name = "postgres-store";

private:
  using handler = std::function<void(postgres::query_result&)>;

  /// A `take` that has not been answered.
  struct pending_take {
    session_wanted wanted;
    caf::typed_response_promise<session_taken> client;
    std::chrono::steady_clock::time_point until;
    /// As in `take_outcome`.
    std::int64_t key = 0;
  };
  using pending_ptr = std::shared_ptr<pending_take>;

  void ask(postgres::query q, handler then);
  void begin_links();
  void noticed(const std::string& text);
  void try_take(const pending_ptr& t);
  void took(const pending_ptr& t, postgres::query_result& result);
  void try_held_takes();
  void release_now(const session_token& token);
  void leave_if_quiet();
  void cleared(clearing c, const session_page& page);
  caf::error failed(const postgres::query_failure& f);

  postgres_store_actor::stateful_pointer<postgres_store_state> self_;
  std::shared_ptr<postgres_store_parts> parts_;
  std::shared_ptr<metrics> counts_;
  session_lifetime lifetime_{std::chrono::seconds{0}};
  postgres::node_facts node_;
  postgres::token_order order_;
  /// Results that the actor has not handled. Filled outside of the actor, on its loop.
  std::deque<std::pair<handler, postgres::query_result>> results_;
  std::size_t under_way_ = 0;
  /// Those that other nodes hold, or that wait for a release.
  std::vector<pending_ptr> waiting_;
  prometheus::Gauge* waiting_count_ = nullptr;
  std::vector<std::pair<std::uint64_t, pending_ptr>> held_;
  /// Releases that wait for a commit of their token, by their numbers; and tokens whose release is
  /// being carried out.
  std::set<std::uint64_t> late_releases_;
  std::multiset<std::string> released_;
  std::uint64_t releases_ = 0;
  std::uint64_t commits_ = 0;
  std::deque<clearing> clearings_;
  /// When the node was last known to live, and until when others may still have to say that they
  /// do, since the database was away.
  std::optional<std::chrono::steady_clock::time_point> renewed_;
  std::chrono::steady_clock::time_point patient_until_;
  bool leaving_ = false;
  bool left_ = false;
};

/// A store in a database, whose schema is brought up to date if that is allowed.
/// @param loops Run for as long as the store's actor.
/// @throws postgres::schema_error
std::unique_ptr<session_store> open_postgres_store(postgres_store_options options,
                                                   event_loops& loops);

} // namespace nekod
