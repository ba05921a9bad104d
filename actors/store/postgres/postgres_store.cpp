#include "actors/store/postgres/postgres_store.hpp"

#include "actors/runtime/bound_actor.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/store/busy_elsewhere.hpp"
#include "actors/store/postgres/response_rows.hpp"
#include "actors/store/refused_commit.hpp"

#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using self_of_store = postgres_store_actor::stateful_pointer<postgres_store_state>;

/// The time for a query with all its repetitions: less than a `store_timeout`.
constexpr std::chrono::seconds query_time{9};

/// How often sessions that other nodes hold are asked for, since a notification may be missed.
constexpr milliseconds poll_interval{750};

/// The time for what is under way when the program ends.
constexpr milliseconds last_moments{900};

/// The channel of notifications, as in the schema.
constexpr const char* channel = "nekod";

} // namespace

postgres_store_state::~postgres_store_state() {
  if (parts_ && parts_->pool)
    parts_->pool->close();
}

void postgres_store_state::start(std::shared_ptr<postgres_store_parts> parts,
                                 session_lifetime lifetime, std::shared_ptr<metrics> counts) {
  parts_ = std::move(parts);
  lifetime_ = lifetime;
  counts_ = std::move(counts);
  node_.id = make_session_id();
  node_.keeps_texts = parts_->options.keeps_texts;
  node_.answer_age = parts_->options.answer_age;
  self_->set_exit_handler([this](const caf::exit_msg&) {
    leaving_ = true;
    self_->delayed_send(self_, last_moments, atom::close_v);
    leave_if_quiet();
  });
  begin_links();
  renew();
  self_->send(self_, atom::sweep_v);
  self_->delayed_send(self_, poll_interval, atom::idle_v);
  spdlog::info("this node is {} in the database", node_.id);
}

/// The pool calls outside of the actor, on its loop.
void postgres_store_state::begin_links() {
  postgres::pool_options o;
  o.address = parts_->options.address;
  o.links = parts_->options.links;
  o.channel = channel;
  auto& gauges = counts_->registry;
  auto& links = prometheus::BuildGauge()
                    .Name("nekod_store_links")
                    .Help("Open connections to the database")
                    .Register(gauges)
                    .Add({});
  waiting_count_ = &prometheus::BuildGauge()
                        .Name("nekod_store_waiting_turns")
                        .Help("Turns that wait for a session that another node works on")
                        .Register(gauges)
                        .Add({});
  postgres::pool_events events;
  events.counted = [&links, life = counts_](std::size_t open) {
    links.Set(static_cast<double>(open));
  };
  const auto wake_later = [this](handler f) {
    results_.emplace_back(std::move(f), postgres::query_failure{});
    if (results_.size() == 1)
      caf::anon_send(caf::actor_cast<postgres_store_actor>(self_), atom::wake_v);
  };
  events.noticed = [this, wake_later](const std::string& text) {
    wake_later([this, text](postgres::query_result&) { noticed(text); });
  };
  events.listens = [this, wake_later] {
    wake_later([this](postgres::query_result&) {
      // A notification may have been missed.
      for (const auto& t : std::exchange(waiting_, {}))
        try_take(t);
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
  parts_->pool =
      std::make_shared<postgres::link_pool>(*parts_->loop, std::move(o), std::move(events));
  parts_->pool->begin();
}

// -- queries -------------------------------------------------------------------------------------

/// Asks the database; *then* is called in the actor.
void postgres_store_state::ask(postgres::query q, handler then) {
  ++under_way_;
  q.until = steady_clock::now() + query_time;
  q.then = [this, then = std::move(then)](postgres::query_result result) mutable {
    results_.emplace_back(std::move(then), std::move(result));
    if (results_.size() == 1)
      caf::anon_send(caf::actor_cast<postgres_store_actor>(self_), atom::wake_v);
  };
  parts_->pool->ask(std::move(q));
}

void postgres_store_state::handle_results() {
  for (auto& [then, result] : std::exchange(results_, {}))
    then(result);
  waiting_count_->Set(static_cast<double>(waiting_.size()));
  leave_if_quiet();
}

template <class T, class Read>
caf::result<T> postgres_store_state::answer(postgres::query q, Read read) {
  auto promise = self_->make_response_promise<T>();
  ask(std::move(q), [this, promise, read](postgres::query_result& result) mutable {
    --under_way_;
    if (const auto* f = std::get_if<postgres::query_failure>(&result))
      promise.deliver(failed(*f));
    else
      promise.deliver(read(std::get<postgres::rows>(result)));
  });
  return promise;
}

caf::error postgres_store_state::failed(const postgres::query_failure& f) {
  if (!f.unavailable)
    spdlog::error("the database refused a query: {}", f.text);
  return caf::make_error(caf::sec::runtime_error, f.text);
}

// -- to take and commit --------------------------------------------------------------------------

caf::result<session_taken> postgres_store_state::take(session_wanted wanted) {
  auto t = std::make_shared<pending_take>();
  t->wanted = std::move(wanted);
  t->client = self_->make_response_promise<session_taken>();
  t->until = steady_clock::now() + parts_->options.session_wait;
  const auto promise = t->client;
  // What a session of this node has yet to write comes before the session is taken again.
  if (!renewed_ || !late_releases_.empty())
    held_.emplace_back(releases_, std::move(t));
  else
    try_take(t);
  return promise;
}

void postgres_store_state::try_take(const pending_ptr& t) {
  order_.run(t->wanted.token, [this, t] {
    const auto takes_over = steady_clock::now() >= patient_until_;
    ask(postgres::take_query(node_, t->wanted, {released_.begin(), released_.end()}, takes_over),
        [this, t](postgres::query_result& result) { took(t, result); });
  });
}

void postgres_store_state::took(const pending_ptr& t, postgres::query_result& result) {
  --under_way_;
  if (const auto* f = std::get_if<postgres::query_failure>(&result)) {
    t->client.deliver(failed(*f));
  } else {
    auto outcome = postgres::taken_of(std::get<postgres::rows>(result), t->wanted);
    if (!outcome.busy) {
      if (t->wanted.answer == earlier_answer::forgotten)
        counts_->stored_records.Increment();
      t->client.deliver(std::move(outcome.taken));
    } else if (leaving_ || steady_clock::now() >= t->until) {
      t->client.deliver(busy_elsewhere());
    } else {
      t->key = *outcome.busy;
      waiting_.push_back(t);
    }
  }
  order_.done(t->wanted.token);
}

/// Asks again for those that wait, and ends the waiting of those whose time is over.
void postgres_store_state::look_at_waiting() {
  for (const auto& t : std::exchange(waiting_, {}))
    try_take(t);
  self_->delayed_send(self_, poll_interval, atom::idle_v);
}

void postgres_store_state::try_held_takes() {
  if (!renewed_)
    return;
  const auto ready = [this](const auto& h) {
    return late_releases_.empty() || *late_releases_.begin() > h.first;
  };
  auto held = std::exchange(held_, {});
  for (auto& h : held) {
    if (ready(h))
      try_take(h.second);
    else
      held_.push_back(std::move(h));
  }
}

caf::result<atom::commit> postgres_store_state::commit(const session_commit& c) {
  auto promise = self_->make_response_promise<atom::commit>();
  auto q = postgres::commit_query(node_, c, node_.id + ':' + std::to_string(++commits_));
  if (c.response && node_.keeps_texts)
    q = postgres::commit_with_response(std::move(q), node_, *c.response);
  order_.run(c.token, [this, promise, q = std::move(q), token = c.token]() mutable {
    const auto begun = steady_clock::now();
    ask(std::move(q), [this, promise, token, begun](postgres::query_result& result) mutable {
      --under_way_;
      if (const auto* f = std::get_if<postgres::query_failure>(&result)) {
        promise.deliver(failed(*f));
      } else if (std::get<postgres::rows>(result).number(0, 0) != 0) {
        promise.deliver(refused_commit());
      } else {
        counts_->store_commit.Observe(in_seconds(steady_clock::now() - begun));
        counts_->stored_records.Increment();
        promise.deliver(atom::commit_v);
      }
      order_.done(token);
    });
  });
  return promise;
}

void postgres_store_state::release(const session_token& token) {
  const auto is_token = [&](const pending_ptr& t) { return t->wanted.token == token; };
  // Nobody waits for these any more.
  std::erase_if(waiting_, is_token);
  std::erase_if(held_, [&](const auto& h) { return is_token(h.second); });
  const auto number = ++releases_;
  if (order_.has(token))
    late_releases_.insert(number);
  order_.run(token, [this, token, number] {
    late_releases_.erase(number);
    release_now(token);
    try_held_takes();
  });
}

void postgres_store_state::release_now(const session_token& token) {
  const auto text = postgres::token_text(token);
  released_.insert(text);
  ask(postgres::release_query(token), [this, token, text](postgres::query_result& result) {
    --under_way_;
    if (const auto* f = std::get_if<postgres::query_failure>(&result))
      failed(*f);
    released_.erase(released_.find(text));
    order_.done(token);
  });
}

void postgres_store_state::noticed(const std::string& text) {
  constexpr std::string_view free = "free ";
  constexpr std::string_view gone = "gone ";
  if (text.starts_with(free)) {
    std::int64_t key = 0;
    std::from_chars(text.data() + free.size(), text.data() + text.size(), key);
    auto waiting = std::exchange(waiting_, {});
    for (const auto& t : waiting) {
      if (t->key == key)
        try_take(t);
      else
        waiting_.push_back(t);
    }
  } else if (text.starts_with(std::string{gone} + node_.id + ' ')) {
    const auto token = text.substr(gone.size() + node_.id.size() + 1);
    const auto slash = token.rfind('/');
    if (slash == std::string::npos || !parts_->on_gone)
      return;
    std::uint64_t number = 0;
    std::from_chars(token.data() + slash + 1, token.data() + token.size(), number);
    parts_->on_gone({token.substr(0, slash), number});
  }
}

// -- to delete -----------------------------------------------------------------------------------

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
  ask(std::move(q), [this, c](postgres::query_result& result) mutable {
    --under_way_;
    if (const auto* f = std::get_if<postgres::query_failure>(&result))
      c.promise.deliver(failed(*f));
    else
      cleared(std::move(c), postgres::page_of(std::get<postgres::rows>(result), c.query.limit));
  });
}

/// Deletes what is meant on a page, and goes on with the next one.
void postgres_store_state::cleared(clearing c, const session_page& page) {
  std::vector<session_key> meant;
  for (const auto& s : page.sessions)
    if (c.filter.has(s))
      meant.emplace_back(s);
  c.query.after = page.next;
  // Who asks for unused sessions does not mean one that another node works on.
  const auto spares = c.filter.used_before.has_value();
  ask(postgres::remove_query(node_, meant, spares),
      [this, c](postgres::query_result& result) mutable {
        --under_way_;
        if (const auto* f = std::get_if<postgres::query_failure>(&result)) {
          c.promise.deliver(failed(*f));
          return;
        }
        c.deleted += static_cast<std::uint64_t>(std::get<postgres::rows>(result).number(0, 0));
        if (!c.query.after) {
          c.promise.deliver(c.deleted);
          return;
        }
        clearings_.push_back(std::move(c));
        self_->send(self_, atom::clear_v);
      });
}

void postgres_store_state::sweep() {
  auto q = postgres::sweep_query(lifetime_.expiry(system_clock::now()), store_step);
  ask(std::move(q), [this](postgres::query_result& result) {
    --under_way_;
    std::int64_t swept = 0;
    if (const auto* found = std::get_if<postgres::rows>(&result)) {
      swept = found->number(0, 0);
      if (found->number(0, 1) >= 0) {
        counts_->stored_sessions.Set(static_cast<double>(found->number(0, 1)));
        counts_->stored_responses.Set(static_cast<double>(found->number(0, 2)));
      }
    }
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
  ask(std::move(q), [this, sent = steady_clock::now()](postgres::query_result& result) {
    --under_way_;
    const auto& options = parts_->options;
    if (!std::holds_alternative<postgres::rows>(result)) {
      self_->delayed_send(self_, milliseconds{500}, atom::refresh_v);
      return;
    }
    // Others were cut off from the database as well, and get the time to say that they live.
    if (renewed_ && sent - *renewed_ > options.lease / 2)
      patient_until_ = steady_clock::now() + options.lease;
    const auto is_first = !renewed_.has_value();
    renewed_ = sent;
    self_->delayed_send(self_, options.lease / 4, atom::refresh_v);
    if (is_first)
      try_held_takes();
  });
}

/// The program ends: gives everything back once nothing is under way.
void postgres_store_state::leave_if_quiet() {
  if (!leaving_ || under_way_ > 0 || left_)
    return;
  left_ = true;
  postgres::query q;
  q.sql = "SELECT nekod.leave_1($1)";
  q.values = {node_.id};
  ask(std::move(q), [this](postgres::query_result&) { close(); });
}

void postgres_store_state::close() {
  for (const auto& t : std::exchange(waiting_, {}))
    t->client.deliver(busy_elsewhere());
  for (const auto& h : std::exchange(held_, {}))
    h.second->client.deliver(busy_elsewhere());
  for (auto& c : std::exchange(clearings_, {}))
    c.promise.deliver(caf::make_error(caf::exit_reason::user_shutdown));
  parts_->pool->close();
  parts_->on_gone = nullptr;
  self_->quit(caf::exit_reason::user_shutdown);
}

namespace {

postgres_store_actor::behavior_type behavior_of_store(self_of_store self) {
  using namespace postgres;
  return {
      [self](atom::take, session_wanted& wanted) { return self->state.take(std::move(wanted)); },
      [self](atom::commit, const session_commit& c) { return self->state.commit(c); },
      [self](atom::release, const session_token& token) { self->state.release(token); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.answer<session_finding>(show_query(id, view), shown_of);
      },
      [self](atom::list, const session_query& q) {
        return self->state.answer<session_page>(
            page_query(q), [limit = q.limit](const auto& found) { return page_of(found, limit); });
      },
      [self](atom::remove, const session_key& key) {
        return self->state.answer<bool>(remove_query(self->state.node(), key),
                                        [](const auto& found) { return found.flag(0, 0); });
      },
      [self](atom::clear, session_filter& filter) { return self->state.clear(std::move(filter)); },
      [self](atom::commit, const response_record& r) -> caf::result<atom::commit> {
        if (!self->state.node().keeps_texts)
          return atom::commit_v;
        return self->state.answer<atom::commit>(keep_response_query(self->state.node(), r),
                                                [](const auto&) { return atom::commit_v; });
      },
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
      [self](atom::remove, const response_key& key) {
        return self->state.answer<bool>(remove_response_query(key, system_clock::now()),
                                        [](const auto& found) { return found.flag(0, 0); });
      },
      [self](atom::wake) { self->state.handle_results(); },
      [self](atom::refresh) { self->state.renew(); },
      [self](atom::idle) { self->state.look_at_waiting(); },
      [self](atom::clear) { self->state.clear_next(); },
      [self](atom::sweep) { self->state.sweep(); },
      [self](atom::close) { self->state.close(); },
  };
}

class opened_postgres_store : public session_store {
public:
  opened_postgres_store(postgres_store_options options, event_loops& loops)
      : key_(postgres::prepare(options.address, options.migrates, options.patience)),
        // Connections begin on the first loops, one after the other.
        home_(loops, loops.size() - 1),
        parts_(std::make_shared<postgres_store_parts>()) {
    parts_->options = std::move(options);
    parts_->loop = &loops[loops.size() - 1];
    parts_->health->shared = true;
  }

  const std::string& key() const noexcept override { return key_; }

  std::shared_ptr<const store_health> health() const override { return parts_->health; }

  store_actor spawn(caf::actor_system& system, session_lifetime lifetime,
                    std::shared_ptr<metrics> counts) override {
    return spawn_bound<postgres_store_actor, postgres_store_state>(
        system, home_, [parts = parts_, lifetime, counts](self_of_store self) {
          self->state.start(parts, lifetime, counts);
          return behavior_of_store(self);
        });
  }

  void on_gone(std::function<void(const session_token&)> f) override {
    asio::post(*parts_->loop,
               [parts = parts_, f = std::move(f)]() mutable { parts->on_gone = std::move(f); });
  }

private:
  const std::string key_;
  const home_loop home_;
  std::shared_ptr<postgres_store_parts> parts_;
};

} // namespace

std::unique_ptr<session_store> open_postgres_store(postgres_store_options options,
                                                   event_loops& loops) {
  return std::make_unique<opened_postgres_store>(std::move(options), loops);
}

} // namespace nekod
