#include "actors/runtime/ids.hpp"
#include "actors/upstream/anuneko/anuneko_conversation.hpp"
#include "protocol/openai/errors.hpp"
#include "tests/unit/support/fake_transport.hpp"
#include "tests/unit/support/recording_listener.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace nekod;
using chat::failure_code;
using strings = std::vector<std::string>;
using transport_script = test::fake_transport;

constexpr const char* base_url = "http://cats.example/api/v1";

struct listener : test::recording_listener {
  void on_deltas(deltas d, std::size_t bytes) override {
    text += d.text;
    recording_listener::on_deltas(std::move(d), bytes);
    if (on_text)
      on_text();
  }
  void on_alternatives(std::size_t count) override { alternatives = count; }
  void on_branches(const std::vector<deltas>& texts, std::size_t bytes) override {
    used += bytes;
    branches.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      branches[i] += texts[i].text;
    if (on_text)
      on_text();
  }
  void on_answer(upstream_answer a) override {
    ends = a.alternatives;
    recording_listener::on_answer(std::move(a));
  }
  std::string seeded_text() const override { return "seeded hello"; }
  std::size_t times_said() const override { return said_before; }

  std::string text;
  /// Called with each piece; may be empty.
  std::function<void()> on_text;
  std::size_t alternatives = 0;
  strings branches;
  std::vector<std::optional<chat::finish_reason>> ends;
  std::size_t said_before = 0;
};

struct fixture {
  fixture() { open({}); }

  void open(upstream_chat known) {
    anuneko_options o;
    o.base_url = base_url;
    for (const auto& token : tokens)
      o.accounts.push_back({token, "secret-cookie", 1});
    o.counts = counts;
    accounts = accounts_of(o);
    conversation_context context;
    context.events = [this](transfer_event e) { conversation->on_transfer(std::move(e)); };
    conversation = std::make_unique<anuneko_conversation>(net, accounts, std::move(known), heard,
                                                          std::move(context));
  }

  /// A chat of the first account.
  upstream_chat known_chat() const {
    upstream_chat known;
    known.id = "c1";
    known.upstream = "anuneko";
    known.account = stable_uuid(tokens.front());
    known.model = "Orange Cat";
    return known;
  }

  void open_in_chat() { open(known_chat()); }

  void begin(const std::string& model = "Orange Cat", std::size_t alternatives = 1) {
    upstream_turn turn;
    turn.model = model;
    turn.text = "hello";
    turn.alternatives = alternatives;
    turn.request = request;
    conversation->begin(turn);
  }

  /// The stream of the reply to the newest call: two pieces and the message's id.
  void answer_stream() {
    net.answer(200, "data: {\"msg_id\":\"m1\",\"c\":[{\"v\":\"me\"}]}\n\n"
                    "data: {\"c\":[{\"v\":\"ow\"}]}\n\n");
  }

  strings paths() const { return net.paths(base_url); }

  /// The number of calls of that kind with that outcome.
  double calls(const std::string& kind, call_outcome outcome) const {
    return counts->upstream_calls("anuneko", kind).outcomes[outcome].Value();
  }

  transport_script net;
  listener heard;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  strings tokens{"secret-token"};
  std::shared_ptr<chat::request> request = std::make_shared<chat::request>();
  std::shared_ptr<const anuneko_accounts> accounts;
  std::unique_ptr<anuneko_conversation> conversation;
};

} // namespace

TEST_CASE_FIXTURE(
    fixture, "a first turn creates a chat, selects its model, and posts the conversation so far") {
  begin();
  CHECK(paths() == strings{"POST /chat"});
  net.answer(200, R"({"chat_id":"c1"})");
  CHECK(paths().back() == "POST /user/select_model");
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c1/stream");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
  answer_stream();
  CHECK(heard.text == "meow");
  CHECK(heard.log == strings{"answer"});
  CHECK(conversation->chat().id == "c1");
  CHECK(conversation->chat().unsettled_message == "m1");
  conversation->settle();
  CHECK(paths().back() == "POST /msg/select-choice");
  net.answer(200, "{}");
  CHECK(heard.log == strings{"answer", "settled"});
  CHECK(conversation->chat().unsettled_message.empty());
}

TEST_CASE_FIXTURE(fixture, "only the bytes of a whole answer may gather") {
  for (const auto stream : {false, true}) {
    CAPTURE(stream);
    request->stream = stream;
    open_in_chat();
    begin();
    CHECK(paths().back() == "POST /msg/c1/stream");
    CHECK(net.last().call.may_gather == !stream);
    answer_stream();
    conversation->settle();
    CHECK(paths().back() == "POST /msg/select-choice");
    CHECK_FALSE(net.last().call.may_gather);
  }
}

TEST_CASE_FIXTURE(fixture, "a later turn posts only its text") {
  open_in_chat();
  begin();
  CHECK(paths() == strings{"POST /msg/c1/stream"});
  CHECK(net.last().call.body.find("seeded") == std::string::npos);
}

TEST_CASE_FIXTURE(
    fixture, "calls have the account's fields, and a message is never repeated by the transport") {
  open_in_chat();
  begin();
  auto& call = net.last().call;
  auto has = [&](const char* name, const char* value) {
    return std::find(call.headers.begin(), call.headers.end(),
                     std::pair<std::string, std::string>{name, value}) != call.headers.end();
  };
  CHECK(has("x-token", "secret-token"));
  CHECK(has("cookie", "secret-cookie"));
  CHECK(has("content-type", "text/plain"));
  CHECK(has("origin", "http://cats.example"));
  CHECK(has("referer", "http://cats.example/"));
  CHECK_FALSE(call.repeatable);
}

TEST_CASE_FIXTURE(fixture, "another model is selected before the text is posted") {
  open_in_chat();
  begin("Exotic Shorthair");
  CHECK(paths() == strings{"POST /user/select_model"});
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c1/stream");
  CHECK(conversation->chat().model == "Exotic Shorthair");
}

TEST_CASE_FIXTURE(fixture, "a pending choice is made before the next message") {
  auto known = known_chat();
  known.unsettled_message = "m0";
  open(known);
  begin();
  CHECK(paths() == strings{"POST /msg/select-choice"});
  CHECK(net.last().call.body.find("m0") != std::string::npos);

  SUBCASE("and then the message goes out") {
    net.answer(200, "{}");
    CHECK(paths().back() == "POST /msg/c1/stream");
  }
  SUBCASE("and the message is posted even if the service says the choice was made already") {
    net.answer(400, R"({"code":"already_chosen"})");
    CHECK(paths().back() == "POST /msg/c1/stream");
  }
  SUBCASE("and a service that is down fails the turn and leaves the choice pending") {
    net.answer(503, "");
    CHECK(heard.log == strings{"failure"});
    CHECK(conversation->chat().unsettled_message == "m0");
  }
}

TEST_CASE_FIXTURE(fixture, "a choice that fails after the answer is made in the next turn") {
  open_in_chat();
  begin();
  answer_stream();
  conversation->settle();
  net.answer(500, "");
  CHECK(heard.log == strings{"answer", "settled"});
  CHECK(conversation->chat().unsettled_message == "m1");
}

TEST_CASE_FIXTURE(
    fixture, "a chat that accepts no message is replaced by one that gets the whole conversation") {
  open_in_chat();
  begin();
  SUBCASE("because of an unknown pending choice, reported in the stream") {
    net.answer(200, "{\"code\":\"chat_choice_shown\",\"detail\":\"choose\"}\n");
  }
  SUBCASE("because of an unknown pending choice, reported by the status") {
    net.answer(400, R"({"code":"chat_choice_shown"})");
  }
  SUBCASE("because it is gone") { net.answer(404, ""); }
  CHECK(paths().back() == "POST /chat");
  CHECK(heard.log.empty());
  net.answer(200, R"({"code":0,"data":{"id":"c2"}})");
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c2/stream");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a chat is replaced once per turn, not endlessly") {
  open_in_chat();
  begin();
  net.answer(404, "");
  net.answer(200, R"({"chat_id":"c2"})");
  net.answer(200, "{}");
  net.answer(404, "");
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(
    fixture, "a chat that was created but never answered gets the whole conversation next time") {
  begin();
  net.answer(200, R"({"chat_id":"c1"})");
  net.answer(500, "");
  CHECK(heard.log == strings{"failure"});
  begin();
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c1/stream");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a cancelled answer is chosen before the next message") {
  open_in_chat();
  begin();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), "data: {\"msg_id\":\"m1\",\"v\":\"me\"}\n\n");
  auto cancelled = net.calls.back();
  conversation->cancel({});
  CHECK(cancelled->dropped);
  CHECK(conversation->chat().unsettled_message == "m1");
  transport_script::data(*cancelled, "data: {\"v\":\"ow\"}\n\n");
  transport_script::end(*cancelled);
  CHECK(heard.text == "me");
  CHECK(heard.log.empty());
  begin();
  CHECK(paths().back() == "POST /msg/select-choice");
}

TEST_CASE_FIXTURE(fixture, "an invalid answer fails with its own code") {
  struct entry {
    const char* what;
    std::uint16_t status;
    const char* body;
    transfer_failure failure;
    failure_code expected;
  };
  const entry table[] = {
      {"refused account", 401, "", transfer_failure::none, failure_code::upstream_auth_failed},
      {"forbidden account", 403, "", transfer_failure::none, failure_code::upstream_auth_failed},
      {"200 with a refusal", 200, "{\"code\":401,\"msg\":\"no\"}\n", transfer_failure::none,
       failure_code::upstream_auth_failed},
      {"limit", 429, "", transfer_failure::none, failure_code::rate_limit_exceeded},
      {"broken service", 500, "", transfer_failure::none, failure_code::upstream_error},
      {"error event", 200, "event: error\ndata: {\"code\":\"boom\",\"detail\":\"x\"}\n\n",
       transfer_failure::none, failure_code::upstream_error},
      {"page", 200, "<html></html>", transfer_failure::none, failure_code::upstream_error},
      {"nothing", 200, "", transfer_failure::none, failure_code::upstream_error},
      {"cut", 200, "data: {\"v\":\"a\"}\n\n", transfer_failure::cut, failure_code::upstream_error},
      {"unreachable", 0, "", transfer_failure::unreachable, failure_code::upstream_error},
      {"no connection", 0, "", transfer_failure::connect_timeout, failure_code::upstream_timeout},
      {"silent", 0, "", transfer_failure::first_byte_timeout, failure_code::upstream_timeout},
      {"stalled", 200, "data: {\"v\":\"a\"}\n\n", transfer_failure::silence_timeout,
       failure_code::upstream_timeout},
      {"endless", 200, "data: {\"v\":\"a\"}\n\n", transfer_failure::whole_timeout,
       failure_code::upstream_timeout},
  };
  for (const auto& e : table) {
    CAPTURE(e.what);
    heard = listener{};
    open_in_chat();
    begin();
    if (e.status != 0)
      transport_script::head(net.last(), e.status);
    transport_script::data(net.last(), e.body);
    transport_script::end(net.last(), e.failure);
    CHECK(heard.log == strings{"failure"});
    CHECK(heard.error.code == e.expected);
  }
}

TEST_CASE_FIXTURE(fixture, "a failure says whether the message may have been accepted") {
  struct entry {
    std::uint16_t status;
    transfer_failure failure;
    bool maybe_taken;
  };
  const entry table[] = {
      {0, transfer_failure::unreachable, false},
      {0, transfer_failure::connect_timeout, false},
      {0, transfer_failure::first_byte_timeout, true},
      {200, transfer_failure::cut, true},
      {200, transfer_failure::silence_timeout, true},
      {500, transfer_failure::none, true},
      {503, transfer_failure::none, false},
      {429, transfer_failure::none, false},
  };
  for (const auto& e : table) {
    CAPTURE(e.status);
    heard = listener{};
    open_in_chat();
    begin();
    if (e.status != 0)
      transport_script::head(net.last(), e.status);
    transport_script::end(net.last(), e.failure);
    CHECK(heard.error.maybe_taken == e.maybe_taken);
    CHECK(conversation->chat().unsure == e.maybe_taken);
  }
}

TEST_CASE_FIXTURE(fixture, "no failure quotes the service's text or the account") {
  open_in_chat();
  begin();
  net.answer(500, R"({"code":"said: secret-token","detail":"hello secret-cookie"})");
  auto text = openai::to_json(heard.error, language::en);
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("hello") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "an endless reply to a small call is an error") {
  begin();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), std::string(max_small_reply, ' '));
  CHECK(heard.log.empty());
  transport_script::data(net.last(), " ");
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "each call is counted by its kind and outcome") {
  begin();
  net.answer(200, R"({"chat_id":"c1"})");
  net.answer(200, "{}");
  answer_stream();
  conversation->settle();
  net.answer(500, "");
  begin();
  conversation->cancel(std::chrono::steady_clock::now());
  CHECK(net.last().abandoned);
  begin();
  transport_script::end(net.last(), transfer_failure::cut);
  begin();
  transport_script::end(net.last(), transfer_failure::silence_timeout);
  CHECK(calls("create_chat", call_outcome::ok) == 1);
  CHECK(calls("select_model", call_outcome::ok) == 1);
  CHECK(calls("post_message", call_outcome::ok) == 1);
  CHECK(calls("select_choice", call_outcome::refused) == 1);
  CHECK(calls("select_choice", call_outcome::cancelled) == 1);
  CHECK(calls("select_choice", call_outcome::failed) == 1);
  CHECK(calls("select_choice", call_outcome::timeout) == 1);
}

TEST_CASE_FIXTURE(fixture, "the account's state follows its last conclusive call") {
  auto after = [this](auto happens) {
    begin();
    happens();
    return accounts->any({})->state();
  };
  CHECK(accounts->any({})->state() == account_state::unknown);
  CHECK(after([this] { net.answer(500, ""); }) == account_state::unknown);
  CHECK(after([this] { net.answer(401, ""); }) == account_state::refused);
  CHECK(after([this] { net.answer(500, ""); }) == account_state::refused);
  CHECK(after([this] { net.answer(429, ""); }) == account_state::limited);
  CHECK(after([this] { transport_script::end(net.last(), transfer_failure::unreachable); }) ==
        account_state::unreachable);
  CHECK(counts->upstream_accounts("anuneko")[account_state::unreachable].Value() == 1);
  CHECK(counts->upstream_accounts("anuneko")[account_state::works].Value() == 0);
  CHECK(after([this] { net.answer(200, R"({"chat_id":"c1"})"); }) == account_state::works);
}

TEST_CASE_FIXTURE(fixture, "events that are not understood are counted") {
  open_in_chat();
  begin();
  net.answer(200, "data: {\"v\":\"ha\"}\n\ndata: what\n\n");
  CHECK(counts->skipped_events.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "an upstream that fails repeatedly counts as unreachable") {
  open_in_chat();
  auto fail_once = [this] {
    begin();
    net.answer(503, "");
  };
  for (int i = 0; i < 4; ++i)
    fail_once();
  CHECK(accounts->any({})->state() == account_state::unknown);
  begin();
  answer_stream();
  conversation->settle();
  net.answer(200, "{}");
  for (int i = 0; i < 4; ++i)
    fail_once();
  CHECK(accounts->any({})->state() == account_state::works);
  fail_once();
  CHECK(accounts->any({})->state() == account_state::unreachable);
}

namespace {

struct unsure_fixture : fixture {
  unsure_fixture() {
    auto known = known_chat();
    known.unsure = true;
    open(known);
    begin();
  }
};

} // namespace

TEST_CASE_FIXTURE(unsure_fixture, "a chat that may have the message is read first, once") {
  CHECK(paths() == strings{"GET /chat/c1/messages?cursor=&chat_id=c1&size=100"});
  net.answer(
      200, R"({"messages":[{"role":"user","text":"hello?"},{"role":"assistant","text":"hello"}]})");
  CHECK(paths().back() == "POST /msg/c1/stream");
  answer_stream();
  conversation->settle();
  net.answer(200, "{}");
  begin();
  CHECK(paths().back() == "POST /msg/c1/stream");
}

TEST_CASE_FIXTURE(
    unsure_fixture,
    "a chat that has it is replaced by a new one, which gets the conversation so far") {
  net.answer(200, R"({"code":0,"data":{"messages":[{"role":"user","content":"hello"}]}})");
  CHECK(paths().back() == "POST /chat");
  net.answer(200, R"({"chat_id":"c2"})");
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c2/stream");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
}

TEST_CASE_FIXTURE(unsure_fixture, "a chat is read page by page, to its last one") {
  net.answer(200, R"({"messages":[{"role":"user","text":"one"}],"next_cursor":"a b"})");
  CHECK(paths().back() == "GET /chat/c1/messages?cursor=a%20b&chat_id=c1&size=100");
  net.answer(200, R"({"messages":[{"role":"user","text":"hello"}],"next_cursor":"c"})");
  CHECK(paths().back() == "GET /chat/c1/messages?cursor=c&chat_id=c1&size=100");
  net.answer(200, R"({"messages":[{"role":"user","text":"two"}],"next_cursor":"c"})");
  CHECK(paths().back() == "POST /chat");
}

TEST_CASE_FIXTURE(fixture, "a chat with no more messages than are known has not got it") {
  auto known = known_chat();
  known.unsure = true;
  known.messages = 2;
  for (const auto* last : {"\"has_more\":false,\"next_cursor\":\"2\"", "\"cursor\":\"\""}) {
    open(known);
    begin(); // It is not known what was said before.
    net.answer(200,
               R"({"messages":[{"role":"user","text":"hello"},{"role":"user","text":"two"}],)" +
                   std::string{last} + "}");
    CHECK(paths().back() == "POST /msg/c1/stream");
  }
  // A service that lists only its newest messages leaves it to what is known.
  known.messages = 3;
  open(known);
  begin();
  net.answer(200, R"({"messages":[{"role":"user","text":"two"},{"role":"user","text":"hello"}]})");
  CHECK(paths().back() == "POST /chat");
}

TEST_CASE_FIXTURE(fixture, "answered messages are counted") {
  open_in_chat();
  begin();
  answer_stream();
  CHECK(conversation->chat().messages == 1);
}

TEST_CASE_FIXTURE(fixture, "the user's earlier words do not count") {
  auto known = known_chat();
  known.unsure = true;
  open(known);
  upstream_turn turn;
  turn.model = "Orange Cat";
  turn.text = "hello";
  turn.request = request;
  heard.said_before = 1;
  conversation->begin(turn);
  net.answer(200, R"({"messages":[{"role":"user","text":"hello"}]})");
  CHECK(paths().back() == "POST /msg/c1/stream");
}

TEST_CASE_FIXTURE(unsure_fixture, "a service that cannot list messages is trusted") {
  for (const auto* body : {"[]", "{}", "not JSON"}) {
    open_in_chat();
    upstream_chat known = conversation->chat();
    known.unsure = true;
    open(known);
    begin();
    net.answer(std::string_view{body} == "{}" ? 404 : 200, body);
    CHECK(paths().back() == "POST /msg/c1/stream");
  }
}

TEST_CASE_FIXTURE(unsure_fixture,
                  "while the service does not answer nothing is posted, and the doubt stays") {
  net.answer(503, "");
  CHECK(heard.log == strings{"failure"});
  CHECK_FALSE(heard.error.maybe_taken);
  CHECK(conversation->chat().unsure);
}

// -- several accounts ----------------------------------------------------------------------------

namespace {

struct two_accounts : fixture {
  two_accounts() {
    tokens = {"one", "two"};
    open({});
  }

  std::string token_of_last_call() const {
    for (const auto& [name, value] : net.calls.back()->call.headers)
      if (name == "x-token")
        return value;
    return {};
  }
};

} // namespace

TEST_CASE_FIXTURE(two_accounts, "a chat stays with its account, and says which that is") {
  begin();
  net.answer(200, R"({"chat_id":"c1"})");
  CHECK(conversation->chat().account == stable_uuid("one"));
  CHECK(conversation->chat().upstream == "anuneko");
  auto made = conversation->chat();
  made.is_new = false;
  made.account = stable_uuid("two");
  open(made);
  begin();
  CHECK(token_of_last_call() == "two");
}

TEST_CASE_FIXTURE(two_accounts,
                  "if an account is refused another may take the turn, in a new chat") {
  open_in_chat();
  begin();
  CHECK(token_of_last_call() == "one");
  net.answer(401, "");
  CHECK(heard.help == remedy::other_account);
  CHECK_FALSE(heard.error.maybe_taken);
  begin();
  CHECK(paths().back() == "POST /chat");
  CHECK(token_of_last_call() == "two");
  net.answer(200, R"({"chat_id":"c2"})");
  net.answer(200, "{}");
  CHECK(paths().back() == "POST /msg/c2/stream");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
}

TEST_CASE_FIXTURE(two_accounts, "a limit moves a conversation to another account, in a new chat") {
  SUBCASE("before it has a chat") { begin(); }
  SUBCASE("and from its chat") {
    open_in_chat();
    begin();
    CHECK(paths().back() == "POST /msg/c1/stream");
  }
  net.answer(429, "{}");
  CHECK(heard.help == remedy::other_account);
  begin();
  CHECK(token_of_last_call() == "two");
  CHECK(paths().back() == "POST /chat");
  net.answer(200, R"({"chat_id":"c2"})");
  net.answer(200, "{}");
  CHECK(net.last().call.body.find("seeded hello") != std::string::npos);
}

TEST_CASE_FIXTURE(two_accounts, "if all accounts are limited, a chat stays where it is") {
  open_in_chat();
  begin();
  net.answer(429, "{}");
  begin();
  net.answer(429, "{}");
  CHECK(heard.help == remedy::later);
  begin(); // A rest refuses nothing.
  CHECK(token_of_last_call() == "one");
}

TEST_CASE_FIXTURE(two_accounts, "a page in place of an answer is a limit on our address") {
  for (std::uint16_t status : {200, 403, 429}) {
    open({});
    begin();
    net.answer(200, R"({"chat_id":"c1"})");
    net.answer(200, "{}");
    net.answer(status, "  <!doctype html><p>Are you human?");
    CHECK(accounts->state().address_rest.count() > 0);
    CHECK(accounts->state().limited == 0);
    CHECK(accounts->state().breaker == circuit::phase::closed);
  }
}

TEST_CASE_FIXTURE(two_accounts, "a chat of an account that is no longer configured is replaced") {
  auto known = known_chat();
  known.account = stable_uuid("somebody's");
  open(known);
  begin();
  CHECK(paths() == strings{"POST /chat"});
}

TEST_CASE_FIXTURE(fixture, "a failure says what may help") {
  struct entry {
    std::uint16_t status;
    transfer_failure failure;
    remedy while_making_chat;
    remedy for_message;
  };
  const entry table[] = {
      {0, transfer_failure::unreachable, remedy::when_loaded, remedy::when_loaded},
      {0, transfer_failure::first_byte_timeout, remedy::later, remedy::none},
      {0, transfer_failure::cut, remedy::later, remedy::none},
      {500, transfer_failure::none, remedy::later, remedy::none},
      {503, transfer_failure::none, remedy::later, remedy::later},
      {429, transfer_failure::none, remedy::later, remedy::later},
      {401, transfer_failure::none, remedy::none, remedy::none},
      {400, transfer_failure::none, remedy::none, remedy::none},
  };
  for (const auto& e : table) {
    CAPTURE(e.status);
    auto after = [&](upstream_chat known) {
      open(std::move(known));
      begin();
      if (e.status != 0)
        transport_script::head(net.last(), e.status);
      transport_script::end(net.last(), e.failure);
      return heard.help;
    };
    CHECK(after({}) == e.while_making_chat);
    CHECK(after(known_chat()) == e.for_message);
  }
}

TEST_CASE_FIXTURE(
    fixture, "an answer of which enough has arrived counts as answered, and its chat is left") {
  const std::string more = "data: {\"c\":[{\"v\":\"ow\"}]}\n\n";
  const strings replies{"data: {\"msg_id\":\"m1\",\"c\":[{\"v\":\"me\"}]}\n\n",
                        "data: {\"v\":\"me\"}\n\n" + more,
                        "data: {\"v\":\"me\"}\n\n{\"code\":\"x\"}\n"};
  for (const auto& reply : replies) {
    open_in_chat();
    heard = listener{};
    heard.on_text = [this] { conversation->let_go(); };
    const auto answered = calls("post_message", call_outcome::ok);
    begin();
    auto call = net.calls.back();
    transport_script::head(*call, 200);
    transport_script::data(*call, reply);
    CHECK(heard.text.starts_with("me"));
    CHECK(call->dropped);
    CHECK_FALSE(call->abandoned);
    CHECK(calls("post_message", call_outcome::ok) == answered + 1);
    CHECK(conversation->chat().id.empty());
    transport_script::data(*call, more);
    transport_script::end(*call);
    CHECK(heard.log.empty());
    conversation->settle();
    CHECK(heard.log == strings{"settled"});
    CHECK(net.calls.back() == call); // No more calls are made to the chat.
    begin();
    CHECK(paths().back() == "POST /chat");
  }
}

TEST_CASE_FIXTURE(fixture, "a piece at the body's end may be enough, too") {
  open_in_chat();
  heard.on_text = [this] { conversation->let_go(); };
  begin();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), "data: {\"v\":\"me\"}");
  transport_script::end(net.last());
  CHECK(heard.text == "me");
  CHECK(heard.log.empty());
  CHECK(conversation->chat().id.empty());
}

TEST_CASE_FIXTURE(fixture, "an answer that has arrived completely may be left, too") {
  open_in_chat();
  begin();
  answer_stream();
  conversation->let_go();
  conversation->settle();
  CHECK(heard.log == strings{"answer", "settled"});
  CHECK(paths().back() == "POST /msg/c1/stream");
  CHECK(conversation->chat().id.empty());
}

TEST_CASE_FIXTURE(fixture, "alternatives are passed on if several answers are wanted") {
  open_in_chat();
  begin("Orange Cat", 3);
  const std::string reply = "event: start\ndata: {\"choice_num\":2}\n\n"
                            "event: delta\ndata: {\"c\":[{\"v\":\"a\"},{\"v\":\"b\",\"c\":1}]}\n\n"
                            "event: delta\ndata: {\"c\":[{\"v\":\"c\",\"c\":1}]}\n\n"
                            "event: stop\ndata: {\"choice_idx\":1,\"finish_reason\":\"length\"}\n\n"
                            "event: assistmsg\ndata: {\"msg_id\":\"m1\"}\n\n";
  net.answer(200, reply);
  CHECK(heard.alternatives == 2);
  CHECK(heard.branches == strings{"a", "bc", ""});
  CHECK(heard.text.empty());
  CHECK(heard.used == reply.size());
  REQUIRE(heard.ends.size() == 2);
  CHECK(heard.ends[0] == chat::finish_reason::length);
  CHECK_FALSE(heard.ends[1]);
  CHECK(conversation->chat().unsettled_message == "m1");
  conversation->settle();
  CHECK(net.last().call.body.find("\"choice_idx\":0") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the only answer of a reply is not an alternative") {
  open_in_chat();
  begin("Orange Cat", 2);
  net.answer(200, "data: {\"v\":\"me\"}\n\ndata: {\"v\":\"ow\", \"x\":1}\n\n");
  CHECK(heard.alternatives == 1);
  CHECK(heard.branches == strings{"meow", ""});
  CHECK_FALSE(heard.ends.at(0));
}

TEST_CASE_FIXTURE(fixture, "all alternatives of a reply share its window") {
  open_in_chat();
  begin("Orange Cat", 2);
  auto& call = net.last();
  const std::string event = "data: {\"c\":[{\"v\":\"b\",\"c\":1}]}\n\n";
  transport_script::head(call, 200);
  transport_script::data(call, event.substr(0, 10));
  CHECK(call.granted == 10);
  transport_script::data(call, event.substr(10));
  CHECK(heard.used == event.size());
  CHECK(call.granted == 0);
}

TEST_CASE_FIXTURE(fixture, "a turn for one answer gets one of a reply with several") {
  open_in_chat();
  begin();
  net.answer(200, "data: {\"c\":[{\"v\":\"a\"},{\"v\":\"b\",\"c\":1}]}\n\n");
  CHECK(heard.text == "a");
  CHECK(heard.branches.empty());
  CHECK(heard.alternatives == 0);
}
