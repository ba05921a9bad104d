#include "actors/registry/registry.hpp"
#include "actors/retelling.hpp"
#include "actors/store/memory_store.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

/// Turns that leave their history out, before a registry with its sessions and an upstream that
/// remembers nothing.
namespace {

using namespace nekod;
using namespace std::chrono_literals;
using chat::failure_code;

/// Keeps each answer as the response with its id.
class plain_keeper : public response_recorder {
public:
  response_record ended(const answered& a) const override {
    response_record r;
    r.id = a.answer.identity().id;
    r.tenant = a.tenant;
    r.session = a.session_id;
    r.state = response_state::chainable;
    return r;
  }
  response_record unfinished(const unanswered&) const override { return {}; }
  response_record broken_off(const unanswered&, const chat::failure&) const override { return {}; }
  bool stores() const noexcept override { return true; }
};

std::string said(const char* speaker, const std::string& text) {
  return std::string{R"({"role":")"} + speaker + R"(","content":")" + text + "\"}";
}

const auto sys = said("system", "be kind");
const auto u1 = said("user", "one");
const auto a1 = said("assistant", "first");
const auto u2 = said("user", "two");
const auto a2 = said("assistant", "second");
const auto u3 = said("user", "three");

chat::request request_of(const std::string& messages) {
  auto parsed = test::parse_request(R"({"messages":[)" + messages + "]}");
  REQUIRE(parsed);
  return *std::move(parsed);
}

struct fixture : test::actor_system_fixture {
  fixture() {
    upstream->can = {true, true, true, true};
    options.upstreams = {{upstream}};
    options.sessions.store =
        system().spawn(memory_store, session_lifetime{1h}, options.sessions.counts);
    options.sessions.digest = std::make_shared<conversation_digest>("key");
    start();
  }

  ~fixture() {
    stop();
    caf::anon_send_exit(options.sessions.store, caf::exit_reason::kill);
    run();
  }

  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void start() {
    handle = system().spawn(registry, options);
    run();
    auto f = std::move(upstream->model_queries.back());
    f(test::listed({"Orange Cat"}));
    run();
  }

  void stop() {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    run();
  }

  std::shared_ptr<test::reply_record> open(open_turn t) {
    auto record = std::make_shared<test::reply_record>();
    t.recorder = std::make_shared<plain_keeper>();
    replies.push_back(test::spawn_recording_reply(system(), record));
    caf::anon_send(handle, atom::open_v, std::move(t), replies.back());
    run();
    return record;
  }

  /// A turn that tells all of its conversation.
  std::shared_ptr<test::reply_record> ask(const std::string& messages) {
    open_turn t;
    t.request = std::make_shared<chat::request>(request_of(messages));
    return open(std::move(t));
  }

  /// A turn that follows the answer of *last*, and leaves out what came before. Asked for it, it
  /// tells *all*.
  std::shared_ptr<test::reply_record> add(const test::reply_record& last, const std::string& news,
                                          const std::string& all,
                                          const std::string& instructions = {}) {
    open_turn t;
    t.request = std::make_shared<chat::request>(request_of(news));
    t.follows.emplace(last.head.answer->identity().id, last.head.session_id);
    auto left_out = std::make_shared<left_out_history>();
    left_out->instructions = instructions;
    left_out->tell = [this, all](const auto& take) {
      ++told_again;
      if (all.empty())
        take(chat::failure{failure_code::store_unavailable});
      else
        take(request_of(all));
    };
    t.left_out = std::move(left_out);
    return open(std::move(t));
  }

  void answer(const std::string& message) {
    auto m = openai::parse_message(message);
    REQUIRE(m);
    upstream->lines.back()->end_answer(*m);
    run();
    upstream->lines.back()->end_settling();
    run();
  }

  const std::string& told() const { return upstream->turns.back().messages; }

  std::shared_ptr<test::fake_upstream> upstream = std::make_shared<test::fake_upstream>();
  registry_options options = test::usual_registry_options();
  registry_actor handle;
  std::vector<reply_actor> replies;
  int told_again = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a session that has what a turn leaves out is told what is new alone") {
  const auto first = ask(sys + "," + u1);
  answer(a1);
  const auto second = add(*first, u2, "", "be kind");
  CHECK(told() == "[" + sys + "," + u1 + "," + a1 + "," + u2 + "]");
  answer(a2);
  const auto third = add(*second, u3, "", "be kind");
  CHECK(told() == "[" + sys + "," + u1 + "," + a1 + "," + u2 + "," + a2 + "," + u3 + "]");
  CHECK(third->head.session_id == first->head.session_id);
  CHECK(third->head.match == session_match::predecessor);
  CHECK(told_again == 0);
}

TEST_CASE_FIXTURE(fixture, "a branch asks for what its turn leaves out") {
  const auto first = ask(u1);
  answer(a1);
  add(*first, u2, "");
  answer(a2);
  const auto branch = add(*first, u3, u1 + "," + a1 + "," + u3);
  CHECK(told_again == 1);
  CHECK(told() == "[" + u1 + "," + a1 + "," + u3 + "]");
  CHECK(branch->head.session_id != first->head.session_id);
  CHECK(branch->head.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture, "another prompt is told with the whole conversation") {
  const auto first = ask(sys + "," + u1);
  answer(a1);
  const auto other = said("system", "be brief");
  const auto second = add(*first, u2, other + "," + u1 + "," + a1 + "," + u2, "be brief");
  CHECK(told_again == 1);
  CHECK(told() == "[" + other + "," + u1 + "," + a1 + "," + u2 + "]");
  CHECK(second->head.session_id == first->head.session_id);
  answer(a2);
  add(*second, u3, "", "be brief");
  CHECK(told_again == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "a session that was read from the store asks for the conversation once") {
  const auto first = ask(u1);
  answer(a1);
  stop();
  start();
  const auto second = add(*first, u2, u1 + "," + a1 + "," + u2);
  CHECK(told_again == 1);
  CHECK(told() == "[" + u1 + "," + a1 + "," + u2 + "]");
  CHECK(second->head.session_id == first->head.session_id);
  answer(a2);
  add(*second, u3, "");
  CHECK(told_again == 1);
  CHECK(told() == "[" + u1 + "," + a1 + "," + u2 + "," + a2 + "," + u3 + "]");
}

TEST_CASE_FIXTURE(fixture, "a session that knows more than the chain asks for the chain") {
  open_turn named;
  auto r = request_of(u1);
  r.session_id = "s";
  named.request = std::make_shared<chat::request>(std::move(r));
  const auto first = open(std::move(named));
  answer(a1);
  add(*first, u2, u1 + "," + a1 + "," + u2);
  CHECK(told_again == 1);
}

TEST_CASE_FIXTURE(fixture, "a turn whose history cannot be told fails with the reason") {
  const auto first = ask(u1);
  answer(a1);
  const auto lost = add(*first, u2, "", "be brief");
  CHECK(lost->log.back() == "failed");
  CHECK(lost->error.code == failure_code::store_unavailable);
}

TEST_CASE_FIXTURE(fixture, "a failed turn leaves what may be left out") {
  const auto first = ask(u1);
  answer(a1);
  add(*first, u2, "");
  upstream->lines.back()->fail(failure_code::upstream_error);
  run();
  add(*first, u3, "");
  CHECK(told_again == 0);
  CHECK(told() == "[" + u1 + "," + a1 + "," + u3 + "]");
}
