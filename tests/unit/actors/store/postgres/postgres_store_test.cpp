#include "actors/runtime/scheduler.hpp"
#include "actors/store/postgres/opened_store.hpp"
#include "actors/store/store_refusals.hpp"
#include "tests/unit/support/stored_records.hpp"
#include "tests/unit/support/test_database.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

/// A node with its loops, its links to the database of this process, and a client that waits.
class node {
public:
  explicit node(std::chrono::milliseconds session_wait = 5s) {
    postgres_store_options o;
    o.address = test::database().address();
    o.links = 3;
    o.session_wait = session_wait;
    opened_ = open_postgres_store(std::move(o), loops_);
    add_message_types(config_);
    run_actors_on(loops_, config_);
    system_.emplace(config_);
    store_ = opened_->spawn(*system_, session_lifetime{1h}, std::make_shared<metrics>());
    opened_->on_gone([this](const session_token&) { ++gone_; });
    opened_->on_rest([this](const shared_rest& r) {
      std::lock_guard guard{mutex_};
      rests_.push_back(r);
      heard_.notify_all();
    });
    loops_.run();
    client_.emplace(*system_);
  }

  ~node() { end(); }

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Ends it as the program does.
  void end() {
    if (!client_)
      return;
    client_.reset();
    caf::anon_send_exit(store_, caf::exit_reason::user_shutdown);
    store_ = nullptr;
    for (auto tries = 0; tries < 500 && system_->registry().running() > 0; ++tries)
      std::this_thread::sleep_for(10ms);
    CHECK(system_->registry().running() == 0);
    loops_.stop();
    opened_.reset();
    system_.reset();
  }

  /// The answer to a request; nothing if it is an error, which is kept.
  template <class T, class... Ts>
  std::optional<T> ask(Ts... question) {
    std::optional<T> result;
    (*client_)
        ->request(store_, 20s, std::move(question)...)
        .receive([&](T& value) { result.emplace(std::move(value)); },
                 [&](caf::error& e) { error = std::move(e); });
    return result;
  }

  std::optional<session_taken> take(const session_token& token, const std::string& id) {
    session_wanted w;
    w.token = token;
    w.id = id;
    return ask<session_taken>(atom::take_v, std::move(w));
  }

  bool commit(const session_token& token, std::uint64_t version, const std::string& id) {
    session_commit c;
    c.token = token;
    c.version = version;
    c.record.info.id = id;
    c.record.info.last_used = c.record.info.created_at = std::chrono::system_clock::now();
    return ask<atom::commit>(atom::commit_v, std::move(c)).has_value();
  }

  /// Sends a message whose answer is not waited for.
  template <class... Ts>
  void tell(Ts... message) {
    caf::anon_send(store_, std::move(message)...);
  }

  void release(const session_token& token) { (*client_)->send(store_, atom::release_v, token); }

  void tell(shared_rest r) { (*client_)->send(opened_->rests_of(store_), std::move(r)); }

  /// Whether a rest is heard for which that holds.
  template <class F>
  bool hears(F f) {
    std::unique_lock lock{mutex_};
    return heard_.wait_for(lock, 20s, [&] { return std::any_of(rests_.begin(), rests_.end(), f); });
  }

  int gone() const { return gone_; }

  caf::error error;

private:
  event_loops loops_{1};
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  std::unique_ptr<session_store> opened_;
  store_actor store_;
  std::optional<caf::scoped_actor> client_;
  std::atomic<int> gone_{0};
  std::mutex mutex_;
  std::condition_variable heard_;
  std::vector<shared_rest> rests_;
};

const session_token one{"a", 1};
const session_token two{"b", 1};

struct fixture {
  fixture() { test::database().empty(); }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "database: the actor takes, commits, and passes a session on") {
  node a;
  node b;
  CHECK(a.commit(one, 0, "s"));
  CHECK_FALSE(a.commit(one, 0, "s"));
  CHECK(a.error == caf::sec::invalid_argument);
  std::thread waiting{[&] {
    const auto taken = b.take(two, "s");
    CHECK(taken.has_value());
    CHECK(taken->version == 2);
  }};
  CHECK(a.commit(one, 1, "s"));
  a.release(one);
  waiting.join();
  CHECK_FALSE(a.commit(one, 2, "s"));
  CHECK(b.commit(two, 2, "s"));
}

TEST_CASE_FIXTURE(fixture, "database: the actor refuses what another node holds for too long") {
  node a;
  node b{100ms};
  CHECK(a.commit(one, 0, "s"));
  CHECK_FALSE(b.take(two, "s").has_value());
  CHECK(is_busy_elsewhere(b.error));
  // Its own holders take over from each other.
  CHECK(a.take({"a", 2}, "s").has_value());
}

TEST_CASE_FIXTURE(fixture, "database: the actor gives everything back when it ends") {
  node b{100ms};
  {
    node a;
    CHECK(a.commit(one, 0, "s"));
  }
  CHECK(b.take(two, "s").has_value());
}

TEST_CASE_FIXTURE(fixture, "database: the actor hears that another node deleted a session") {
  node a;
  node b;
  CHECK(a.commit(one, 0, "s"));
  CHECK(b.ask<bool>(atom::remove_v, session_key{{}, "s"}) == true);
  for (auto tries = 0; tries < 500 && a.gone() == 0; ++tries)
    std::this_thread::sleep_for(10ms);
  CHECK(a.gone() == 1);
  CHECK_FALSE(a.commit(one, 1, "s"));
}

TEST_CASE_FIXTURE(fixture, "database: the actor deletes many, and answers about responses") {
  node a;
  for (auto i = 0; i < 120; ++i) {
    const session_token token{"a", static_cast<std::uint64_t>(i + 10)};
    CHECK(a.commit(token, 0, "s" + std::to_string(i)));
    a.release(token);
  }
  CHECK(a.ask<atom::commit>(atom::commit_v, test::response("r", {}, "s1")).has_value());
  CHECK(a.ask<response_finding>(atom::show_v, response_key{{}, "r"})->record.has_value());
  session_filter all;
  all.created_until = std::chrono::system_clock::time_point::max();
  CHECK(a.ask<std::uint64_t>(atom::clear_v, all) == 120);
  CHECK(a.ask<session_page>(atom::list_v, session_query{})->total == 0);
  CHECK_FALSE(a.ask<response_finding>(atom::show_v, response_key{{}, "r"})->record.has_value());
}

TEST_CASE_FIXTURE(fixture, "database: a response is deleted after what is being written of it") {
  node a;
  for (auto i = 0; i < 50; ++i) {
    const auto r = test::response("r" + std::to_string(i));
    session_commit c;
    c.token = {"a", static_cast<std::uint64_t>(i + 10)};
    c.record.info.id = "s" + std::to_string(i);
    c.record.info.last_used = c.record.info.created_at = std::chrono::system_clock::now();
    c.response = r;
    if (i % 2 == 0)
      a.tell(atom::commit_v, r);
    else
      a.tell(atom::commit_v, std::move(c));
    CHECK(a.ask<bool>(atom::remove_v, r.key()) == true);
    CHECK_FALSE(a.ask<response_finding>(atom::show_v, r.key())->record.has_value());
  }
}

TEST_CASE_FIXTURE(fixture, "database: a response that was deleted before its turn is not written") {
  node a;
  auto r = test::response("r");
  const auto deleted = std::make_shared<std::atomic<bool>>(true);
  r.deleted = deleted;
  session_commit c;
  c.token = one;
  c.record.info.id = "s";
  c.record.info.last_used = c.record.info.created_at = std::chrono::system_clock::now();
  c.response = r;
  CHECK(a.ask<atom::commit>(atom::commit_v, r).has_value());
  CHECK(a.ask<atom::commit>(atom::commit_v, c).has_value());
  CHECK_FALSE(a.ask<response_finding>(atom::show_v, r.key())->record.has_value());
  CHECK(a.commit(one, 1, "s"));
}

TEST_CASE_FIXTURE(fixture,
                  "database: the actor tells rests of accounts, and hears those of others") {
  node a;
  node b;
  const auto is = [](const std::string& model) {
    return [model](const shared_rest& r) { return r.model == model; };
  };
  shared_rest r;
  r.upstream = "cats";
  r.account = "digest";
  for (const auto* model : {"one", "two", "three"}) {
    r.model = model;
    r.end = std::chrono::steady_clock::now() + 1h;
    a.tell(r);
  }
  for (const auto* model : {"one", "two", "three"})
    CHECK(b.hears(is(model)));
  r.model = {};
  r.refused = r.over = true;
  b.tell(r);
  CHECK(a.hears([](const shared_rest& heard) { return heard.over; }));
  // Without a notification, too.
  test::database().ask(
      {"UPDATE nekod.rests SET model = '\\x34' WHERE model = '\\x6f6e65'", {}, nullptr, {}, 0});
  CHECK(a.hears(is("4")));
}
