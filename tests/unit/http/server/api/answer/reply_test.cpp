#include "http/server/api/answer/chat_writer.hpp"
#include "http/server/api/answer/reply.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/recording_reply.hpp"

#include <doctest/doctest.h>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

/// An exchange that records its calls, and whose writes leave when the test says so.
struct fake_exchange : http::exchange {
  http::request& req() noexcept override { return request; }
  http::exchange_notes& notes() noexcept override { return noted; }
  std::chrono::steady_clock::time_point arrived() const noexcept override { return arrival; }
  void carry(http::fields) override {}
  void carry_also(http::fields) override {}
  void respond(std::uint16_t s, http::fields h, std::string b) override {
    log.emplace_back("respond");
    status = s;
    headers = std::move(h);
    body = std::move(b);
  }
  void begin(std::uint16_t s, http::fields h) override {
    log.emplace_back("begin");
    status = s;
    headers = std::move(h);
  }
  void write(std::string bytes, written_handler f) override {
    log.emplace_back("write");
    body += bytes;
    written = std::move(f);
  }
  void finish() override { log.emplace_back("finish"); }
  void abort() override { log.emplace_back("abort"); }
  void close_after() override {}
  void begin_as_is(std::uint16_t s, http::fields h, bool) override { begin(s, std::move(h)); }
  void post(std::function<void()> f) override { f(); }
  void on_gone(gone_handler f) override { gone = std::move(f); }
  void on_idle(std::chrono::milliseconds, idle_handler f) override { idle = std::move(f); }

  std::string header(const std::string& name) const {
    for (const auto& [n, value] : headers)
      if (n == name)
        return value;
    return {};
  }

  http::request request;
  http::exchange_notes noted;
  std::chrono::steady_clock::time_point arrival = std::chrono::steady_clock::now();
  strings log;
  std::uint16_t status = 0;
  http::fields headers;
  std::string body;
  written_handler written;
  gone_handler gone;
  idle_handler idle;
};

/// The credit from the moment when the turn learned that the client left.
constexpr std::uint64_t left = 1'000'000;

turn_actor::behavior_type turn_of(turn_actor::pointer, std::shared_ptr<std::uint64_t> credit) {
  return {[credit](atom::leave, const client_left&) { *credit = left; }};
}

struct fixture : test::actor_system_fixture {
  fixture() {
    options->language = language::en;
    options->budget = budget;
    options->max_whole_answer = 100;
    options->longest_wait = 60s;
    request->stream = true;
    session = system().spawn(turn_of, credit);
  }

  ~fixture() {
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    caf::anon_send_exit(session, caf::exit_reason::kill);
    run();
    x->gone = nullptr;
    x->idle = nullptr;
    x->written = nullptr;
  }

  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void start() {
    handle = http::spawn_reply(system(), {}, x, request, http::make_chat_writer(*request), "req_1",
                               options);
    run();
  }

  void begin() {
    turn_head head;
    head.session_id = "s1";
    head.model = "cat";
    answer = std::make_shared<answer_log>(answer_identity{"abc", 1}, home_loop{}, credit_step);
    answer->on_room([this](std::size_t bytes) { *credit += bytes; });
    answer->add_reader(handle.id());
    head.answer = answer;
    caf::anon_send(handle, atom::begin_v, head, session);
    run();
  }

  void say(const std::string& text, std::uint64_t cost) {
    deltas d;
    d.push_back(text);
    answer->append(std::move(d), cost);
    run(); // An answer that has to fail does so in a message.
  }

  void finish() {
    answer->on_room(nullptr);
    caf::anon_send(handle, atom::finish_v, chat::answer_end{chat::finish_reason::stop});
    run();
  }

  void fail(chat::failure_code code) {
    caf::anon_send(handle, atom::failed_v, chat::failure{code});
    run();
  }

  /// The current write leaves.
  void leave() {
    auto f = std::move(x->written);
    REQUIRE(f);
    f();
    run();
  }

  std::shared_ptr<fake_exchange> x = std::make_shared<fake_exchange>();
  std::shared_ptr<chat::request> request = test::request_saying("hello");
  std::shared_ptr<byte_budget> budget = std::make_shared<byte_budget>(100'000);
  std::shared_ptr<http::reply_options> options = std::make_shared<http::reply_options>();
  std::shared_ptr<std::uint64_t> credit = std::make_shared<std::uint64_t>(0);
  turn_actor session;
  std::shared_ptr<answer_log> answer;
  std::size_t credit_step = 10;
  reply_actor handle;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a stream begins with its first text, and ends in DONE") {
  request->tuning = {"temperature", "seed"};
  start();
  begin();
  CHECK(x->log.empty());
  say("meow", 4);
  CHECK(x->log == strings{"begin", "write"});
  CHECK(x->status == 200);
  CHECK(x->header("Content-Type") == "text/event-stream");
  CHECK(x->header("X-Accel-Buffering") == "no");
  CHECK(x->header("X-Session-Id") == "s1");
  CHECK(x->header("X-Ignored-Parameters") == "temperature, seed");
  leave();
  finish();
  CHECK(x->log.back() == "finish");
  CHECK(x->body.find("\"content\":\"meow\"") != std::string::npos);
  CHECK(x->body.find("\"finish_reason\":\"stop\"") != std::string::npos);
  CHECK(x->body.substr(x->body.size() - 14) == "data: [DONE]\n\n");
}

TEST_CASE_FIXTURE(fixture, "a failure before the first text has its own status") {
  start();
  begin();
  fail(chat::failure_code::upstream_timeout);
  CHECK(x->log == strings{"respond"});
  CHECK(x->status == 504);
  CHECK(x->body.find("upstream_timeout") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a failure after text is one event and the end, without DONE") {
  start();
  begin();
  say("me", 2);
  fail(chat::failure_code::upstream_error);
  CHECK(x->log == strings{"begin", "write", "write", "finish"});
  auto event = x->body.substr(x->body.rfind("data: "));
  CHECK(event.find("{\"error\":{") != std::string::npos);
  CHECK(x->body.find("[DONE]") == std::string::npos);
  CHECK(x->body.find("\"finish_reason\":\"stop\"") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "text from before a failure is sent, even to a slow client") {
  options->full_write = 1;
  start();
  begin();
  say("first", 5);
  say("second", 6);
  say("third", 5);
  fail(chat::failure_code::upstream_error);
  CHECK(x->log == strings{"begin", "write", "write", "finish"});
  auto third = x->body.find("third");
  REQUIRE(third != std::string::npos);
  CHECK(x->body.find("second") < third);
  CHECK(x->body.find("upstream_error", third) != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "an answer that has ended cannot fail") {
  start();
  begin();
  say("first", 5);
  say("second", 6);
  finish();
  fail(chat::failure_code::session_deleted);
  leave();
  CHECK(x->log.back() == "finish");
  CHECK(x->body.find("second") != std::string::npos);
  CHECK(x->body.find("error") == std::string::npos);
  CHECK(x->body.substr(x->body.size() - 14) == "data: [DONE]\n\n");
}

TEST_CASE_FIXTURE(fixture, "one write is under way at a time, and the rest leaves with the next") {
  start();
  begin();
  say("a", 1);
  say("b", 1);
  say("c", 1);
  CHECK(x->log == strings{"begin", "write"});
  leave();
  CHECK(x->log == strings{"begin", "write", "write"});
  CHECK(x->body.find("\"content\":\"b\"") != std::string::npos);
  CHECK(x->body.find("\"content\":\"c\"") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the session gets credit for text that has left, not before") {
  start();
  begin();
  say("0123456789", 10);
  say("0123456789", 10);
  CHECK(*credit == 0);
  leave();
  CHECK(*credit == 10);
  leave();
  CHECK(*credit == 20);
}

TEST_CASE_FIXTURE(fixture, "a write that leaves wakes the reply only if it waits for that") {
  credit_step = 100;
  start();
  begin();
  auto wakes = [&] {
    std::exchange(x->written, nullptr)();
    auto woken = has_work();
    run();
    return woken;
  };
  say("a", 10);
  CHECK_FALSE(wakes());
  say("b", 10);
  CHECK((x->log == strings{"begin", "write", "write"}));
  say("c", 10);
  CHECK(wakes());
  CHECK((x->log == strings{"begin", "write", "write", "write"}));
  CHECK_FALSE(wakes());
  CHECK(*credit == 0);
  say("d", 70);
  CHECK(wakes());
  CHECK(*credit == 100);
}

TEST_CASE_FIXTURE(fixture, "text waits as text, and a write takes only a limited part of it") {
  options->full_write = 500;
  start();
  begin();
  say("first", 5);
  for (int i = 0; i < 100; ++i)
    say("0123456789", 10);
  leave();
  leave();
  auto given = *credit;
  CHECK(given > 0);
  finish(); // The session has no more text, but the client has more to read.
  std::size_t writes = 0;
  for (auto before = x->body.size(); x->written; before = x->body.size(), ++writes) {
    leave();
    CHECK(x->body.size() - before < 1'000);
  }
  CHECK(writes > 10);
  CHECK(*credit == given); // The session's next turn has a window of its own.
  CHECK(x->log.back() == "finish");
  CHECK(x->body.substr(x->body.size() - 14) == "data: [DONE]\n\n");
}

TEST_CASE_FIXTURE(fixture, "a session that ends after its answer does no harm to a slow client") {
  start();
  begin();
  say("first", 5);
  say("second", 6);
  finish();
  caf::anon_send_exit(session, caf::exit_reason::kill);
  run();
  leave();
  CHECK(x->log.back() == "finish");
  CHECK(x->body.find("error") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a silent stream gets comments, before its first text and later") {
  start();
  begin();
  x->idle();
  run();
  CHECK(x->log == strings{"begin", "write"});
  auto comment = x->body.find(": keep-alive\n\n");
  CHECK(comment != std::string::npos);
  leave();
  say("meow", 4);
  leave();
  x->idle();
  run();
  CHECK(x->body.rfind(": keep-alive\n\n") > comment);
  CHECK(x->body.rfind(": keep-alive\n\n") == x->body.size() - 14);
}

TEST_CASE_FIXTURE(fixture, "a client that does not read gets no more comments") {
  start();
  begin();
  say("meow", 4);
  for (int i = 0; i < 100; ++i)
    x->idle();
  run();
  CHECK(x->log == strings{"begin", "write"});
  leave();
  CHECK(x->log == strings{"begin", "write"});
}

TEST_CASE_FIXTURE(fixture, "a turn that does not begin in time is refused") {
  options->heartbeat = 20s;
  start();
  x->idle();
  x->idle();
  run();
  CHECK(x->log == strings{"begin", "write"});
  x->idle();
  run();
  CHECK(x->log.back() == "finish");
  CHECK(x->body.find("overloaded") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a whole answer waits for its end") {
  request->stream = false;
  start();
  begin();
  say("me", 20);
  say("ow", 2);
  CHECK(x->log.empty());
  CHECK(*credit == 20); // Text that was taken over needs no more room.
  finish();
  CHECK(x->log == strings{"respond"});
  CHECK(x->body.find("\"content\":\"meow\"") != std::string::npos);
  CHECK(x->header("Content-Type") == "application/json");
}

TEST_CASE_FIXTURE(fixture, "a whole answer that is too long fails") {
  request->stream = false;
  start();
  begin();
  say(std::string(101, 'a'), 101);
  CHECK(x->log == strings{"respond"});
  CHECK(x->status == 502);
}

TEST_CASE_FIXTURE(fixture, "a session that dies fails its answer") {
  start();
  begin();
  caf::anon_send_exit(session, caf::exit_reason::kill);
  run();
  CHECK(x->log == strings{"respond"});
  CHECK(x->status == 500);
}

TEST_CASE_FIXTURE(fixture, "after the client left nothing is written") {
  start();
  begin();
  say("me", 2);
  x->gone();
  run();
  say("ow", 2);
  finish();
  CHECK(x->log == strings{"begin", "write"});
}

TEST_CASE_FIXTURE(fixture, "a whole answer without room in the budget fails with 503") {
  request->stream = false;
  options->max_whole_answer = 1 << 20;
  start();
  begin();
  say(std::string(40'000, 'x'), 1);
  CHECK(budget->used() >= 80'000);
  say(std::string(20'000, 'x'), 1);
  CHECK(x->log == strings{"respond"});
  CHECK(x->status == 503);
  CHECK(x->header("Retry-After") == "2");
  CHECK(x->body.find("\"overloaded\"") != std::string::npos);
  CHECK(budget->used() == 0);
}

TEST_CASE_FIXTURE(fixture, "a stream whose client does not read fails if the budget is used up") {
  start();
  begin();
  say("first", 5);
  auto others = byte_budget::for_answer(budget);
  REQUIRE(others.resize(budget->limit() - 1000));
  say(std::string(10'000, 'x'), 1);
  CHECK(x->log == strings{"begin", "write", "write", "finish"});
  CHECK(x->body.find("xxx") == std::string::npos);
  CHECK(x->body.find("\"overloaded\"") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture,
                  "a stream whose client reads continues even if others used up the budget") {
  auto others = byte_budget::for_answer(budget);
  others.force(2 * budget->limit());
  start();
  begin();
  for (int i = 0; i < 10; ++i) {
    say(std::string(500, 'x'), 1);
    leave();
  }
  finish();
  CHECK(x->log.back() == "finish");
  CHECK(x->body.find("[DONE]") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a client that leaves ends the reply, which tells the session first") {
  start();
  begin();
  x->gone();
  run();
  CHECK(*credit == left);
}

TEST_CASE_FIXTURE(fixture, "text is counted: its first piece, its pieces, and its waiting bytes") {
  start();
  begin();
  auto& counts = *options->counts;
  auto events = [](const prometheus::Histogram& h) { return h.Collect().histogram.sample_count; };
  say("one", 3);
  say("two", 3);
  CHECK(events(counts.first_token) == 1);
  CHECK(x->noted.chunks == 2);
  CHECK(budget->used() > 0);
  caf::anon_send_exit(handle, caf::exit_reason::kill);
  handle = nullptr;
  x->gone = nullptr;
  x->idle = nullptr;
  x->written = nullptr;
  run();
  CHECK(budget->used() == 0);
  CHECK(events(counts.between_chunks) == 1);
}

TEST_CASE_FIXTURE(fixture, "the log has the turn, and why it failed") {
  start();
  begin();
  CHECK(x->noted.session == "s1");
  CHECK(x->noted.model == "cat");
  CHECK(x->noted.match == "new");
  caf::anon_send(handle, atom::failed_v, chat::failure{chat::failure_code::upstream_error});
  run();
  CHECK(x->noted.error == "upstream_error");
}
