#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/clearing.hpp"
#include "actors/store/postgres/key_order.hpp"
#include "actors/store/postgres/loop_queries.hpp"
#include "actors/store/postgres/session_holds.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/postgres/sharing/answer_announcements.hpp"
#include "actors/store/postgres/sharing/rest_exchange.hpp"
#include "actors/store/postgres/store_options.hpp"
#include "actors/store/response_record.hpp"
#include "actors/store/session_claim.hpp"
#include "actors/store/session_store.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// A STORE, with the messages to itself.
using postgres_store_actor = store_actor::extend_with<answer_places_actor>::
    extend_with<rests_actor>::extend_with<limits_actor>::extend<
        // Results have arrived.
        caf::reacts_to<atom::wake>,
        // Tells the database that the node lives.
        caf::reacts_to<atom::renew>,
        // Asks again for sessions that other nodes hold, and for rests of accounts.
        caf::reacts_to<atom::look>,
        // The next step of a deletion of many.
        caf::reacts_to<atom::clear>,
        // Deletes expired sessions and responses, in steps.
        caf::reacts_to<atom::sweep>,
        // Ends the actor, whatever is under way.
        caf::reacts_to<atom::close>>;

/// The parts that the program shares with the store's actor. Everything but `health` and `hold` is
/// used on the store's loop only.
struct postgres_store_parts {
  postgres_store_options options;
  std::shared_ptr<store_health> health = std::make_shared<store_health>();
  std::shared_ptr<node_hold> hold = std::make_shared<node_hold>();
  asio::io_context* loop = nullptr;
  /// Called outside of the actor when another node deleted a session that a token here holds.
  std::function<void(const session_token&)> on_gone;
  /// Called outside of the actor with rests of accounts. Without it none are asked for.
  std::function<void(const shared_rest&)> on_rest;
};

/// Session records and responses in a PostgreSQL database that several nodes share. Nothing blocks:
/// queries are carried out by links on the store's event loop, and their results come back as
/// messages.
struct postgres_store_state {
  explicit postgres_store_state(postgres_store_actor::stateful_pointer<postgres_store_state> self);
  ~postgres_store_state();
  postgres_store_state(const postgres_store_state&) = delete;
  postgres_store_state& operator=(const postgres_store_state&) = delete;

  void start(std::shared_ptr<postgres_store_parts> parts, session_lifetime lifetime,
             std::shared_ptr<metrics> counts);

  caf::result<session_taken> take(session_wanted wanted);
  caf::result<atom::commit> commit(session_commit c);
  caf::result<atom::commit> commit(response_record r);
  void release(const session_token& token) { holds_->release(token); }
  caf::result<bool> remove(const response_key& key);
  caf::result<std::uint64_t> clear(session_filter filter);

  /// Carries out a query whose result nobody waits for.
  void tell(postgres::query&& q);

  /// Answers a request with what *read* makes of the rows of a query.
  template <class T, class Read>
  caf::result<T> answer(postgres::query&& q, Read read);

  /// Notes that this node keeps an answer. What is stored of a response is written after that.
  postgres::answer_announcements& announcements() noexcept { return announcements_; }

  const postgres::node_facts& node() const noexcept { return node_; }

  void tell(shared_rest r) { rests_.tell(std::move(r)); }

  void handle_results();
  void renew();
  void look_around();
  void clear_next();
  void sweep();
  void close();

  static inline const char* name = "postgres-store";

private:
  using record_ptr = std::shared_ptr<const response_record>;

  void begin_links();
  void write(const record_ptr& r, caf::typed_response_promise<atom::commit> promise);
  void noticed(const std::string& text);
  void leave_if_quiet();
  void cleared(clearing c, const session_page& page);

  postgres_store_actor::stateful_pointer<postgres_store_state> self_;
  std::shared_ptr<postgres_store_parts> parts_;
  std::shared_ptr<metrics> counts_;
  prometheus::Gauge* waiting_count_ = nullptr;
  session_lifetime lifetime_{std::chrono::seconds{0}};
  postgres::node_facts node_;
  postgres::loop_queries queries_;
  /// The order of requests about a response: its deletion must not overtake a write.
  postgres::key_order<response_key> responses_;
  postgres::rest_exchange rests_{queries_};
  postgres::answer_announcements announcements_{queries_, node_};
  /// Set by `start`.
  std::optional<postgres::session_holds> holds_;
  std::deque<clearing> clearings_;
  /// When the node was last known to live, and until when others may still have to say that they
  /// do, since the database was away.
  std::optional<std::chrono::steady_clock::time_point> renewed_;
  std::chrono::steady_clock::time_point patient_until_;
  bool leaving_ = false;
  bool left_ = false;
};

/// The STORE that keeps records in a database. It lives on the loop in *parts*.
postgres_store_actor::behavior_type
postgres_store(postgres_store_actor::stateful_pointer<postgres_store_state> self,
               std::shared_ptr<postgres_store_parts> parts, session_lifetime lifetime,
               std::shared_ptr<metrics> counts);

} // namespace nekod
