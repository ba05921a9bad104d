#include "actors/registry/registry.hpp"
#include "actors/store/memory_store.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

/// Registry and session together in front of an upstream that remembers nothing.
namespace {

using namespace nekod;
using namespace std::chrono_literals;
using chat::failure_code;
using strings = std::vector<std::string>;

/// How a moody store stands.
struct store_mood {
  bool fails = false;
  std::uint64_t version = 0;
};

/// A store of one session that fails each commit while it is told to. It gives no record: its one
/// session has it.
store_actor::behavior_type moody_store(store_actor::pointer, std::shared_ptr<store_mood> mood) {
  return {
      [mood](atom::take, const session_wanted& wanted) {
        CHECK(wanted.known_version == mood->version);
        session_taken taken;
        taken.version = mood->version;
        return taken;
      },
      [mood](atom::commit, const session_commit& c) -> caf::result<atom::commit> {
        if (mood->fails)
          return caf::sec::runtime_error;
        CHECK(c.version == mood->version);
        ++mood->version;
        return atom::commit_v;
      },
      [](atom::release, const session_token&) {},
      [](atom::show, const std::string&, const session_view&) { return session_finding{}; },
      [](atom::list, const session_query&) { return session_page{}; },
      [](atom::remove, const session_key&) { return false; },
      [](atom::clear, const session_filter&) { return std::uint64_t{0}; },
      [](atom::commit, const response_record&) { return atom::commit_v; },
      [](atom::show, const response_key&) { return response_finding{}; },
      [](atom::show, const chain_query&) { return response_chain{}; },
      [](atom::show, const item_query&) { return item_finding{}; },
      [](atom::show, const conversation_query&) { return conversation_finding{}; },
      [](atom::close, const session_key&) { return atom::close_v; },
      [](atom::remove, const response_key&) { return false; },
  };
}

std::string said(const char* speaker, const std::string& text) {
  return std::string{R"({"role":")"} + speaker + R"(","content":")" + text + "\"}";
}

struct fixture : test::actor_system_fixture {
  explicit fixture(std::size_t max_messages = 100) {
    upstream->can = {true, true, true, true};
    options.upstreams = {{upstream}};
    options.sessions.store =
        system().spawn(memory_store, session_lifetime{1h}, options.sessions.counts);
    options.sessions.digest = std::make_shared<conversation_digest>("key");
    options.sessions.limits.messages = max_messages;
    start();
  }

  ~fixture() { stop(); }

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
    caf::anon_send_exit(options.sessions.store, caf::exit_reason::kill);
    run();
  }

  struct asked {
    std::shared_ptr<test::reply_record> record = std::make_shared<test::reply_record>();
    reply_actor reply;

    session_match match() const { return record->head.match; }
    const std::string& session() const { return record->head.session_id; }
  };

  asked ask(const std::string& messages, const std::string& more = {}) {
    asked result;
    auto parsed = test::parse_request(R"({"messages":[)" + messages + "]" + more + "}");
    REQUIRE(parsed);
    result.reply = test::spawn_recording_reply(system(), result.record);
    open_turn t;
    t.request = std::make_shared<chat::request>(std::move(*parsed));
    caf::anon_send(handle, atom::open_v, t, result.reply);
    run();
    return result;
  }

  void answer(const std::string& message) {
    auto m = openai::parse_message(message);
    REQUIRE(m);
    line().end_answer(*m);
    run();
    line().end_settling();
    run();
  }

  test::fake_upstream::line& line() { return *upstream->lines.back(); }
  const std::string& told() const { return upstream->turns.back().messages; }

  std::shared_ptr<test::fake_upstream> upstream = std::make_shared<test::fake_upstream>();
  registry_options options = test::usual_registry_options();
  registry_actor handle;
};

const auto u1 = said("user", "one");
const auto a1 = said("assistant", "first");
const auto u2 = said("user", "two");
const std::string call =
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";
const std::string tool = R"({"role":"tool","tool_call_id":"c","content":"sunny"})";

} // namespace

TEST_CASE_FIXTURE(fixture, "an answer's end waits for its record, then passes unchanged") {
  auto a = ask(u1);
  CHECK(told() == "[" + u1 + "]");
  answer(a1);
  CHECK(a.record->log == strings{"begin", "finish"});
  CHECK(a.match() == session_match::fresh);
}

TEST_CASE_FIXTURE(fixture, "a conversation with tool calls is recognised, and no other one") {
  auto first = ask(u1);
  answer(call);
  auto second = ask(u1 + "," + call + "," + tool);
  CHECK(second.match() == session_match::transcript);
  CHECK(second.session() == first.session());
  answer(a1);
  auto other = call;
  other.replace(other.find("\"c\""), 3, "\"d\"");
  CHECK(ask(u1 + "," + other + "," + tool).match() == session_match::seeded);
  auto third = ask(u1 + "," + call + "," + tool + "," + a1 + "," + u2);
  CHECK(third.session() == first.session());
}

TEST_CASE_FIXTURE(fixture, "a failed or abandoned turn leaves no trace") {
  auto first = ask(u1);
  answer(a1);
  auto history = u1 + "," + a1 + "," + u2;
  auto failed = ask(history);
  line().fail(failure_code::upstream_error);
  run();
  CHECK(failed.record->log.back() == "failed");
  auto left = ask(history);
  CHECK(left.session() == first.session());
  test::leave_reply(left.reply);
  run();
  auto again = ask(history);
  CHECK(again.session() == first.session());
  answer(said("assistant", "second"));
  ask(said("user", "three"), R"(,"session_id":")" + first.session() + "\"");
  CHECK(told() ==
        "[" + history + "," + said("assistant", "second") + "," + said("user", "three") + "]");
}

TEST_CASE_FIXTURE(fixture, "a turn that could not be stored leaves no trace") {
  stop();
  auto mood = std::make_shared<store_mood>();
  options.sessions.store = system().spawn(moody_store, mood);
  start();
  const std::string named = R"(,"session_id":"s")";
  ask(u1, named);
  answer(a1);
  mood->fails = true;
  auto lost = ask(u2, named);
  answer(said("assistant", "lost"));
  CHECK(lost.record->log.back() == "failed");
  CHECK(lost.record->error.code == failure_code::store_unavailable);
  mood->fails = false;
  ask(u2, named);
  CHECK(told() == "[" + u1 + "," + a1 + "," + u2 + "]");
}

TEST_CASE("a conversation that is too long is refused before it reaches the upstream") {
  fixture f{2};
  auto refused = f.ask(u1 + "," + a1 + "," + u2, R"(,"session_id":"s")");
  CHECK(refused.record->log == strings{"failed"});
  CHECK(refused.record->error.code == failure_code::conversation_too_large);
  CHECK(f.upstream->turns.empty());
  auto next = f.ask(u1, R"(,"session_id":"s")");
  CHECK(next.record->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "the upstream judges what only it has to understand") {
  const auto odd = said("system", "alone");
  const std::string hot = R"(,"temperature":9,"tools":[{}],"model":"not/listed")";
  ask(odd, hot);
  REQUIRE(upstream->turns.size() == 1);
  CHECK(upstream->turns[0].model == "not/listed");
  // Another kind of upstream is not asked.
  upstream->can = {};
  auto refused = ask(u1, hot);
  CHECK(refused.record->error.code == failure_code::invalid_value);
  CHECK(refused.record->error.param == "temperature");
  CHECK(ask(odd).record->error.code == failure_code::no_user_message);
  CHECK(upstream->turns.size() == 1);
}
