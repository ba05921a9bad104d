#include "actors/store/postgres/postgres_store.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/store/postgres/answer_rows.hpp"
#include "actors/store/postgres/response_rows.hpp"
#include "actors/store/postgres/sharing/limit_rows.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

/// How often sessions that other nodes hold, and rests, are asked for, since a notification may be
/// missed.
constexpr milliseconds poll_interval{750};

/// The time for what is under way when the program ends.
constexpr milliseconds last_moments{900};

/// The bounds of the times that a `take` needs, in seconds.
const prometheus::Histogram::BucketBoundaries take_times{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

/// The channel of notifications, as in the schema.
constexpr const char* channel = "nekod";

/// Answers a request with what *read* makes of the rows of a query, or that it failed.
template <class T, class Read>
void deliver(caf::typed_response_promise<T>& promise, const postgres::query_result& result,
             Read read) {
  if (const auto* f = std::get_if<postgres::query_failure>(&result))
    promise.deliver(postgres::failure_of(*f));
  else
    promise.deliver(read(std::get<postgres::rows>(result)));
}

prometheus::Gauge& gauge(metrics& counts, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(counts.registry).Add({});
}

/// Shows how many records the database has.
void count_records(postgres::loop_queries& all, const std::shared_ptr<metrics>& counts) {
  postgres::query q;
  q.sql = "SELECT nekod.size_1('nekod.sessions'), nekod.size_1('nekod.responses')";
  all.ask(std::move(q), [counts](const postgres::query_result& result) {
    const auto* found = std::get_if<postgres::rows>(&result);
    if (!found)
      return;
    counts->stored_sessions.Set(static_cast<double>(found->number(0, 0)));
    counts->stored_responses.Set(static_cast<double>(found->number(0, 1)));
  });
}

/// Whether a query has removed what it names. Its first try did if a second one finds nothing.
bool was_removed(const postgres::rows& result) { return result.flag(0, 0) || result.is_repeated(); }

} // namespace

postgres_store_state::postgres_store_state(
    postgres_store_actor::stateful_pointer<postgres_store_state> self)
    : self_(self), queries_([self] {
        caf::anon_send(caf::actor_cast<postgres_store_actor>(self), atom::wake_v);
      }) {}

postgres_store_state::~postgres_store_state() { queries_.close(); }

void postgres_store_state::start(std::shared_ptr<postgres_store_parts> parts,
                                 session_lifetime lifetime, std::shared_ptr<metrics> counts) {
  parts_ = std::move(parts);
  lifetime_ = lifetime;
  counts_ = std::move(counts);
  node_.id = make_session_id();
  node_.keeps_texts = parts_->options.keeps_texts;
  node_.answer_age = parts_->options.answer_age;
  holds_.emplace(queries_, node_, *parts_->hold, responses_, parts_->options.session_wait,
                 prometheus::BuildHistogram()
                     .Name("nekod_store_take_seconds")
                     .Help("Time in which the database gives a session to a turn")
                     .Register(counts_->registry)
                     .Add({}, take_times));
  waiting_count_ = &gauge(*counts_, "nekod_store_waiting_turns",
                          "Turns that wait for a session that another node works on");
  self_->set_exit_handler([this](const caf::exit_msg&) {
    leaving_ = true;
    rests_.end();
    self_->delayed_send(self_, last_moments, atom::close_v);
    leave_if_quiet();
  });
  begin_links();
  renew();
  self_->send(self_, atom::sweep_v);
  self_->delayed_send(self_, poll_interval, atom::look_v);
  spdlog::info("this node is {} in the database", node_.id);
}

void postgres_store_state::begin_links() {
  postgres::pool_options o;
  o.address = parts_->options.address;
  o.links = parts_->options.links;
  o.channel = channel;
  // The pool calls outside of the actor.
  postgres::pool_events events;
  events.counted = [&links =
                        gauge(*counts_, "nekod_store_links", "Open connections to the database"),
                    life = counts_](std::size_t open) { links.Set(static_cast<double>(open)); };
  events.noticed = [this](const std::string& text) {
    queries_.call_later([this, text] { noticed(text); });
  };
  events.listens = [this] {
    // A notification may have been missed.
    queries_.call_later([this] {
      holds_->look_again();
      rests_.look(parts_->on_rest);
    });
  };
  events.changed = [health = parts_->health](bool there, const std::string& problem) {
    health->works = there;
    if (there)
      spdlog::warn("the database is back");
    else
      spdlog::error("the database cannot be reached: {}; turns are refused until it is back",
                    problem);
  };
  auto pool = std::make_shared<postgres::link_pool>(*parts_->loop, std::move(o), std::move(events));
  pool->begin();
  queries_.use(std::move(pool));
}

void postgres_store_state::handle_results() {
  queries_.handle_results();
  waiting_count_->Set(static_cast<double>(holds_->waiting()));
  leave_if_quiet();
}

void postgres_store_state::tell(postgres::query&& q) {
  queries_.ask(std::move(q), [](const postgres::query_result& result) {
    if (const auto* f = std::get_if<postgres::query_failure>(&result))
      postgres::failure_of(*f);
  });
}

/// Answers a request with what *read* makes of the rows of a query.
template <class T, class Read>
caf::result<T> postgres_store_state::answer(postgres::query&& q, Read read) {
  auto promise = self_->make_response_promise<T>();
  queries_.ask(std::move(q), [promise, read](const postgres::query_result& result) mutable {
    deliver(promise, result, read);
  });
  return promise;
}

// -- to take and commit --------------------------------------------------------------------------

caf::result<session_taken> postgres_store_state::take(session_wanted wanted) {
  auto promise = self_->make_response_promise<session_taken>();
  const auto forgets = wanted.answer == earlier_answer::forgotten;
  holds_->take(std::move(wanted),
               [this, promise, forgets](caf::expected<session_taken> taken) mutable {
                 if (taken && forgets)
                   counts_->stored_records.Increment();
                 if (taken)
                   promise.deliver(std::move(*taken));
                 else
                   promise.deliver(std::move(taken.error()));
               });
  return promise;
}

caf::result<atom::commit> postgres_store_state::commit(session_commit c) {
  auto promise = self_->make_response_promise<atom::commit>();
  holds_->commit(std::move(c),
                 [this, promise, begun = steady_clock::now()](const caf::error& e) mutable {
                   if (e) {
                     promise.deliver(e);
                   } else {
                     counts_->store_commit.Observe(in_seconds(steady_clock::now() - begun));
                     counts_->stored_records.Increment();
                     promise.deliver(atom::commit_v);
                   }
                 });
  return promise;
}

caf::result<atom::commit> postgres_store_state::commit(response_record r) {
  if (!node_.keeps_texts || !may_be_written(r))
    return atom::commit_v;
  auto promise = self_->make_response_promise<atom::commit>();
  auto write_it = [this, promise, record = std::make_shared<const response_record>(std::move(r))] {
    write(record, promise);
  };
  announcements_.run_after(std::move(write_it));
  return promise;
}

/// Writes a response when it is its turn, unless it has been deleted by then.
void postgres_store_state::write(const record_ptr& r,
                                 caf::typed_response_promise<atom::commit> promise) {
  responses_.run(r->key(), [this, r, promise = std::move(promise)]() mutable {
    if (!may_be_written(*r)) {
      promise.deliver(atom::commit_v);
      responses_.done(r->key());
      return;
    }
    queries_.ask(postgres::store_response_query(node_, *r),
                 [this, key = r->key(), promise](const postgres::query_result& result) mutable {
                   deliver(promise, result, [](const auto&) { return atom::commit_v; });
                   responses_.done(key);
                 });
  });
}

void postgres_store_state::noticed(const std::string& text) {
  constexpr std::string_view free = "free ";
  const auto gone = "gone " + node_.id + ' ';
  if (text.starts_with(free)) {
    std::int64_t key = 0;
    std::from_chars(text.data() + free.size(), text.data() + text.size(), key);
    holds_->freed(key);
  } else if (text.starts_with(gone) && parts_->on_gone) {
    if (const auto token = postgres::token_of(text.substr(gone.size())))
      parts_->on_gone(*token);
  } else if (text == "rests") {
    rests_.look(parts_->on_rest);
  }
}

/// Asks again for sessions that other nodes hold, and for rests; repeats itself later.
void postgres_store_state::look_around() {
  holds_->look_again();
  rests_.look(parts_->on_rest);
  self_->delayed_send(self_, poll_interval, atom::look_v);
}

// -- to delete -----------------------------------------------------------------------------------

caf::result<bool> postgres_store_state::remove(const response_key& key) {
  auto promise = self_->make_response_promise<bool>();
  responses_.run(key, [this, key, promise] {
    queries_.ask(postgres::remove_response_query(key, system_clock::now()),
                 [this, key, promise](const postgres::query_result& result) mutable {
                   deliver(promise, result, was_removed);
                   responses_.done(key);
                 });
  });
  return promise;
}

caf::result<std::uint64_t> postgres_store_state::clear(session_filter filter) {
  auto promise = self_->make_response_promise<std::uint64_t>();
  clearings_.emplace_back(std::move(filter), promise);
  self_->send(self_, atom::clear_v);
  return promise;
}

/// Carries out one step of the oldest deletion of many.
void postgres_store_state::clear_next() {
  auto c = std::move(clearings_.front());
  clearings_.pop_front();
  auto q = postgres::page_query(c.query);
  queries_.ask(std::move(q), [this, c](postgres::query_result& result) mutable {
    if (const auto* f = std::get_if<postgres::query_failure>(&result)) {
      c.promise.deliver(postgres::failure_of(*f));
      return;
    }
    const auto page = postgres::page_of(std::get<postgres::rows>(result), c.query.limit);
    cleared(std::move(c), page);
  });
}

/// Deletes what is meant on a page, and goes on with the next one.
void postgres_store_state::cleared(clearing c, const session_page& page) {
  std::vector<session_key> meant;
  for (const auto& s : page.sessions)
    if (c.filter.has(s))
      meant.emplace_back(s);
  c.query.after = page.next;
  // A session that another node works on is not an unused one.
  const auto spares = c.filter.used_before.has_value();
  queries_.ask(postgres::remove_query(node_, meant, spares),
               [this, c, meant = meant.size()](postgres::query_result& result) mutable {
                 if (const auto* f = std::get_if<postgres::query_failure>(&result)) {
                   c.promise.deliver(postgres::failure_of(*f));
                   return;
                 }
                 const auto& removed = std::get<postgres::rows>(result);
                 c.deleted += removed.is_repeated()
                                  ? meant
                                  : static_cast<std::uint64_t>(removed.number(0, 0));
                 if (!c.query.after) {
                   c.promise.deliver(c.deleted);
                   return;
                 }
                 clearings_.push_back(std::move(c));
                 self_->send(self_, atom::clear_v);
               });
}

void postgres_store_state::sweep() {
  tell(postgres::sweep_buckets_query());
  auto q = postgres::sweep_query(lifetime_.expiry(system_clock::now()), store_step);
  queries_.ask(std::move(q), [this](postgres::query_result& result) {
    std::int64_t swept = 0;
    if (const auto* found = std::get_if<postgres::rows>(&result))
      swept = found->number(0, 0);
    if (swept >= static_cast<std::int64_t>(store_step))
      self_->send(self_, atom::sweep_v);
    else
      self_->delayed_send(self_, lifetime_.sweep_interval(), atom::sweep_v);
  });
}

// -- the node ------------------------------------------------------------------------------------

/// Tells the database that the node lives; repeats itself later.
void postgres_store_state::renew() {
  const auto& o = parts_->options;
  postgres::query q;
  q.sql = "SELECT nekod.renew_1($1, $2, $3)";
  q.values = {node_.id, o.node_address, std::to_string(o.lease.count())};
  // Counts from here, since the query may hang.
  queries_.ask(std::move(q), [this, sent = steady_clock::now(),
                              booted = boot_clock::now()](postgres::query_result& result) {
    const auto& options = parts_->options;
    if (!std::holds_alternative<postgres::rows>(result)) {
      self_->delayed_send(self_, milliseconds{500}, atom::renew_v);
      return;
    }
    // Others were cut off from the database as well, and get the time to say that they live.
    if (renewed_ && sent - *renewed_ > options.lease / 2)
      patient_until_ = steady_clock::now() + options.lease;
    renewed_ = sent;
    announcements_.node_is_known();
    parts_->hold->renewed(booted, options.lease);
    holds_->lives(patient_until_);
    count_records(queries_, counts_);
    self_->delayed_send(self_, options.lease / 4, atom::renew_v);
  });
}

/// The program ends: gives everything back once nothing is under way.
void postgres_store_state::leave_if_quiet() {
  if (!leaving_ || queries_.under_way() > 0 || left_)
    return;
  left_ = true;
  postgres::query q;
  q.sql = "SELECT nekod.leave_1($1)";
  q.values = {node_.id};
  queries_.ask(std::move(q), [this](postgres::query_result&) { close(); });
}

void postgres_store_state::close() {
  holds_->refuse_waiting();
  for (auto& c : std::exchange(clearings_, {}))
    c.promise.deliver(caf::make_error(caf::exit_reason::user_shutdown));
  queries_.close();
  parts_->on_gone = nullptr;
  parts_->on_rest = nullptr;
  self_->quit(caf::exit_reason::user_shutdown);
}

postgres_store_actor::behavior_type
postgres_store(postgres_store_actor::stateful_pointer<postgres_store_state> self,
               std::shared_ptr<postgres_store_parts> parts, session_lifetime lifetime,
               std::shared_ptr<metrics> counts) {
  using namespace postgres;
  self->state.start(std::move(parts), lifetime, std::move(counts));
  return {
      [self](atom::take, session_wanted& wanted) { return self->state.take(std::move(wanted)); },
      [self](atom::commit, session_commit& c) { return self->state.commit(std::move(c)); },
      [self](atom::release, const session_token& token) { self->state.release(token); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.answer<session_finding>(show_query(id, view), shown_of);
      },
      [self](atom::list, const session_query& q) {
        return self->state.answer<session_page>(
            page_query(q), [limit = q.limit](const auto& found) { return page_of(found, limit); });
      },
      [self](atom::remove, const session_key& key) {
        return self->state.answer<bool>(remove_query(self->state.node(), key), was_removed);
      },
      [self](atom::clear, session_filter& filter) { return self->state.clear(std::move(filter)); },
      [self](atom::commit, response_record& r) { return self->state.commit(std::move(r)); },
      [self](atom::show, const response_key& key) {
        return self->state.answer<response_finding>(
            response_query(key, system_clock::now()),
            [key](const auto& found) { return response_of(found, key); });
      },
      [self](atom::show, const chain_query& q) {
        return self->state.answer<response_chain>(chain_rows_query(q, system_clock::now()),
                                                  chain_of);
      },
      [self](atom::show, const item_query& q) {
        return self->state.answer<item_finding>(items_query(q, system_clock::now()), items_of);
      },
      [self](atom::show, const conversation_query& q) {
        return self->state.answer<conversation_finding>(conversation_rows_query(q),
                                                        conversation_of);
      },
      [self](atom::close, const session_key& session) {
        return self->state.answer<atom::close>(close_query(session),
                                               [](const auto&) { return atom::close_v; });
      },
      [self](atom::remove, const response_key& key) { return self->state.remove(key); },
      [self](atom::keep, const answer_name& answer) { self->state.announcements().add(answer); },
      [self](atom::forget, const answer_name& answer) {
        self->state.tell(drop_answer_query(self->state.node(), answer));
      },
      [self](atom::show, const answer_name& answer) {
        return self->state.answer<std::string>(find_answer_query(self->state.node(), answer),
                                               address_of);
      },
      [self](const limit_charge& c) {
        return self->state.answer<limit_verdict>(charge_query(c), verdict_of);
      },
      [self](shared_rest& r) { self->state.tell(std::move(r)); },
      [self](atom::wake) { self->state.handle_results(); },
      [self](atom::renew) { self->state.renew(); },
      [self](atom::look) { self->state.look_around(); },
      [self](atom::clear) { self->state.clear_next(); },
      [self](atom::sweep) { self->state.sweep(); },
      [self](atom::close) { self->state.close(); },
  };
}

} // namespace nekod
