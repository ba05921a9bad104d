#include "actors/upstream/openai/openai.hpp"
#include "actors/upstream/openai/openai_conversation.hpp"
#include "tests/unit/support/fake_transport.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/recording_listener.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

using namespace nekod;
using chat::failure_code;
using strings = std::vector<std::string>;
using transport_script = test::fake_transport;

constexpr const char* base_url = "http://models.example/v1";

struct listener : test::recording_listener {
  void on_deltas(deltas d, std::size_t bytes) override {
    CHECK(d.what == deltas::form::members);
    d.for_each([this](std::string_view piece) { pieces.emplace_back(piece); });
    recording_listener::on_deltas(std::move(d), bytes);
  }
  void on_answer(upstream_answer a) override {
    a.end.rest.for_each([this](std::string_view piece) { rest.emplace_back(piece); });
    said = a.said.value_or(chat::message{});
    recording_listener::on_answer(std::move(a));
  }

  strings pieces;
  strings rest;
  chat::message said;
};

struct fixture {
  fixture() { open(); }

  void open() {
    conversation_context context;
    context.events = [this](transfer_event e) { conversation->on_transfer(std::move(e)); };
    conversation = std::make_unique<openai_conversation>(net, accounts, heard, std::move(context));
  }

  void begin(const std::string& body) {
    auto r = test::parse_request(body);
    REQUIRE(r);
    upstream_turn turn;
    turn.model = "llama";
    turn.request = std::make_shared<chat::request>(std::move(*r));
    turn.messages = R"([{"role":"user","content":"all"}])";
    conversation->begin(turn);
  }

  void begin_stream() {
    begin(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"seed":7})");
  }
  void begin_whole() { begin(R"({"messages":[{"role":"user","content":"hi"}]})"); }

  bool has(const char* name, const std::string& value) {
    auto& headers = net.last().call.headers;
    return std::find(headers.begin(), headers.end(),
                     std::pair<std::string, std::string>{name, value}) != headers.end();
  }

  double calls(call_outcome outcome) const {
    return counts->upstream_calls("openai", "chat_completions").outcomes[outcome].Value();
  }

  static openai_options options(std::shared_ptr<metrics> counts) {
    openai_options o;
    o.base_url = base_url;
    o.accounts = {{"sk-secret", 1}};
    o.counts = std::move(counts);
    return o;
  }

  transport_script net;
  listener heard;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  std::shared_ptr<const openai_accounts> accounts = accounts_of(options(counts));
  std::unique_ptr<openai_conversation> conversation;
};

const std::string meow =
    "data: "
    "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"meow\"}}]}\n\n";
const std::string stop =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const std::string done = "data: [DONE]\n\n";
const std::string whole =
    R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"meow"},)"
    R"("finish_reason":"stop"}],"usage":{"total_tokens":2}})";

} // namespace

TEST_CASE_FIXTURE(fixture, "a turn is one call with the whole conversation") {
  begin_stream();
  CHECK(net.paths(base_url) == strings{"POST /chat/completions"});
  CHECK(net.last().call.body ==
        R"({"model":"llama","messages":[{"role":"user","content":"all"}],"stream":true,"seed":7})");
  CHECK(has("authorization", "Bearer sk-secret"));
  CHECK(has("content-type", "application/json"));
  CHECK(has("accept", "text/event-stream"));
  CHECK_FALSE(net.last().call.repeatable);
}

TEST_CASE_FIXTURE(fixture, "only the bytes of a whole answer may gather") {
  begin_stream();
  CHECK_FALSE(net.last().call.may_gather);
  open();
  begin_whole();
  CHECK(net.last().call.may_gather);
}

TEST_CASE_FIXTURE(fixture, "chunks pass, and the finish reason waits for the end") {
  begin_stream();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), meow);
  CHECK(heard.pieces.size() == 1);
  CHECK(heard.used == meow.size());
  transport_script::data(net.last(), stop);
  CHECK(heard.pieces.size() == 1);
  CHECK(net.last().granted == stop.size());
  CHECK(heard.log.empty());
  transport_script::data(net.last(), done);
  CHECK(heard.log == strings{"answer"});
  CHECK(heard.rest.size() == 1);
  CHECK(heard.said.text == "meow");
  CHECK(calls(call_outcome::ok) == 1);
  // The connection is kept until the end of the response.
  CHECK_FALSE(net.last().dropped);
  conversation->settle();
  CHECK(heard.log.back() == "settled");
  transport_script::end(net.last());
  CHECK(net.last().dropped);
  CHECK(heard.log.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a failure after [DONE] does no harm") {
  begin_stream();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), meow + stop + done + "garbage\n");
  transport_script::data(net.last(), "more");
  transport_script::end(net.last(), transfer_failure::cut);
  CHECK(heard.log == strings{"answer"});
}

TEST_CASE_FIXTURE(fixture, "the next turn may begin before the last response has ended") {
  begin_stream();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), meow + stop + done);
  auto first = net.calls.back();
  begin_stream();
  CHECK(first->dropped);
  transport_script::end(*first, transfer_failure::cut);
  CHECK(heard.log == strings{"answer"});
}

TEST_CASE_FIXTURE(fixture, "a whole answer is requested whole, and may take its time") {
  begin_whole();
  auto& call = net.last().call;
  CHECK(call.body.find("stream") == std::string::npos);
  CHECK(call.limits.first_byte == call.limits.whole);
  net.answer(200, whole);
  CHECK(heard.log == strings{"answer"});
  CHECK(heard.pieces.empty());
  REQUIRE(heard.rest.size() == 1);
  CHECK(heard.rest[0].find("total_tokens") != std::string::npos);
  CHECK(heard.said.text == "meow");
  CHECK(net.calls.back()->granted == whole.size());
}

TEST_CASE_FIXTURE(fixture,
                  "an invalid answer fails with its own code, and never ends successfully") {
  struct entry {
    const char* what;
    std::uint16_t status;
    std::string body;
    transfer_failure failure;
    failure_code expected;
  };
  const entry table[] = {
      {"refused key", 401, "", transfer_failure::none, failure_code::upstream_auth_failed},
      {"limit", 429, "", transfer_failure::none, failure_code::rate_limit_exceeded},
      {"bad request", 400, "{}", transfer_failure::none, failure_code::upstream_refused},
      {"broken server", 500, "", transfer_failure::none, failure_code::upstream_error},
      {"page", 200, "<html></html>", transfer_failure::none, failure_code::upstream_error},
      {"nothing", 200, "", transfer_failure::none, failure_code::upstream_error},
      {"an end without a finish reason", 200, meow, transfer_failure::none,
       failure_code::upstream_error},
      {"no finish reason", 200, meow + done, transfer_failure::none, failure_code::upstream_error},
      {"cut", 200, meow + stop, transfer_failure::cut, failure_code::upstream_error},
      {"garbage", 200, meow + "data: {\n\n", transfer_failure::none, failure_code::upstream_error},
      {"unreachable", 0, "", transfer_failure::unreachable, failure_code::upstream_error},
      {"silent", 0, "", transfer_failure::first_byte_timeout, failure_code::upstream_timeout},
      {"stalled", 200, meow, transfer_failure::silence_timeout, failure_code::upstream_timeout},
  };
  for (const auto& e : table) {
    CAPTURE(e.what);
    heard = listener{};
    open();
    begin_stream();
    if (e.status != 0)
      transport_script::head(net.last(), e.status);
    transport_script::data(net.last(), e.body);
    transport_script::end(net.last(), e.failure);
    CHECK(heard.log == strings{"failure"});
    CHECK(heard.error.code == e.expected);
    CHECK(heard.rest.empty());
    // Nothing is remembered, so nothing can be said twice.
    CHECK_FALSE(heard.error.maybe_taken);
  }
}

TEST_CASE_FIXTURE(fixture, "a finish reason and the end of the body are a proper end") {
  begin_stream();
  net.answer(200, meow + stop);
  CHECK(heard.log == strings{"answer"});
  CHECK(heard.pieces.size() == 1);
  CHECK(heard.rest.size() == 1);
  CHECK(heard.said.text == "meow");
}

TEST_CASE_FIXTURE(fixture, "an answer in the other form is converted to the requested one") {
  begin_stream();
  net.answer(200, whole);
  CHECK(heard.log == strings{"answer"});
  REQUIRE(heard.pieces.size() == 1);
  CHECK(heard.pieces[0].find(R"("delta":{"role":"assistant","content":"meow"})") !=
        std::string::npos);
  REQUIRE(heard.rest.size() == 1);
  CHECK(heard.rest[0].find(R"("finish_reason":"stop")") != std::string::npos);
  CHECK(heard.said.text == "meow");
  CHECK(net.calls.back()->granted == whole.size());

  const auto stream = meow + meow + stop + done;
  for (std::size_t step = 1; step <= stream.size(); step += 7) {
    heard = listener{};
    begin_whole();
    transport_script::head(net.last(), 200);
    for (std::size_t at = 0; at < stream.size(); at += step)
      transport_script::data(net.last(), stream.substr(at, step));
    CHECK(heard.log == strings{"answer"});
    CHECK(heard.pieces.empty());
    REQUIRE(heard.rest.size() == 1);
    CHECK(heard.rest[0].find(R"("message":{"role":"assistant","content":"meowmeow"})") !=
          std::string::npos);
    CHECK(heard.said.text == "meowmeow");
    CHECK(net.calls.back()->granted == stream.size());
  }
}

TEST_CASE_FIXTURE(fixture, "a stream for a client that wants a whole answer fails like any other") {
  for (const auto& stream : {meow + "data: {\n\n", meow + done, meow}) {
    CAPTURE(stream);
    heard = listener{};
    begin_whole();
    net.answer(200, stream);
    CHECK(heard.log == strings{"failure"});
  }
  heard = listener{};
  begin_whole();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), meow + stop);
  transport_script::end(net.last(), transfer_failure::cut);
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "a stream that becomes a whole answer has a limit") {
  begin_whole();
  transport_script::head(net.last(), 200);
  const auto logprobs =
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":{\"content\":[\"" +
      std::string(1u << 20, 'x') + "\"]}}]}\n\n";
  for (std::size_t sent = 0; sent <= openai::max_answer_bytes; sent += 1u << 20)
    transport_script::data(net.last(), logprobs);
  CHECK(heard.log == strings{"failure"});
  CHECK(net.last().dropped);
}

TEST_CASE_FIXTURE(fixture, "skipped events are counted") {
  begin_stream();
  net.answer(200, "data: ping\n\n" + meow + "event: ping\ndata: {}\n\n" + stop + done);
  CHECK(heard.log == strings{"answer"});
  CHECK(counts->skipped_events.Value() == 2);
}

TEST_CASE_FIXTURE(fixture, "an unknown coding is named") {
  begin_stream();
  transfer_event head;
  head.what = transfer_event::kind::head;
  head.transfer = net.last().number;
  head.status = 200;
  head.content_coding = "pack200";
  net.last().f(std::move(head));
  transport_script::end(net.last(), transfer_failure::undecodable);
  CHECK(heard.error.detail.find("pack200") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "the key is masked everywhere in a failure") {
  for (const auto* body :
       {R"({"error":{"message":"m","key":"sk-secret"}})",
        R"({"detail":[{"loc":["sk-secret"],"msg":"m"}]})",
        R"([{"error":{"message":"m","metadata":{"raw":"sk-secret"}}}])", "bad key sk-secret"}) {
    CAPTURE(body);
    begin_stream();
    net.answer(400, body);
    const auto told = openai::to_json(heard.error, language::en);
    CHECK(told.find("***") != std::string::npos);
    CHECK(told.find("secret") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(fixture, "an invalid whole answer fails") {
  for (const auto& body : {std::string{"{}"}, std::string{"<html>"}, whole.substr(0, 60),
                           std::string{R"({"error":{"message":"x"}})"}}) {
    heard = listener{};
    begin_whole();
    net.answer(200, body);
    CHECK(heard.log == strings{"failure"});
  }
  heard = listener{};
  begin_whole();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), whole);
  transport_script::end(net.last(), transfer_failure::cut);
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "the server's text reaches the client, and its key does not") {
  begin_stream();
  auto c = net.calls.back();
  transfer_event head;
  head.what = transfer_event::kind::head;
  head.transfer = c->number;
  head.status = 429;
  head.retry_after = std::chrono::milliseconds{7'000};
  c->f(std::move(head));
  transport_script::data(*c, R"({"error":{"message":"limit of sk-secret","type":"tokens"}})");
  transport_script::end(*c);
  CHECK(heard.error.retry_after == std::chrono::seconds{7});
  CHECK(openai::message_of(heard.error, language::zh) == "limit of ***");
  CHECK(accounts->state().limited == 1);
}

TEST_CASE_FIXTURE(fixture, "a client's mistake does not count against the account") {
  for (int i = 0; i < 10; ++i) {
    begin_stream();
    net.answer(400, R"({"error":{"message":"no"}})");
  }
  CHECK(accounts->any({})->state() == account_state::works);
  begin_stream();
  net.answer(401, "");
  CHECK(accounts->any({})->state() == account_state::refused);
}

TEST_CASE_FIXTURE(fixture, "what a client wrote is refused without any harm to the account") {
  begin_stream();
  net.answer(403, R"({"error":{"message":"flagged","code":403,"metadata":{"reasons":["x"]}}})");
  CHECK(heard.error.code == failure_code::upstream_refused);
  CHECK(heard.help == remedy::none);
  CHECK(accounts->any({})->state() == account_state::works);
}

TEST_CASE_FIXTURE(fixture, "a call is repeated only if that may help and costs no second answer") {
  struct {
    std::uint16_t status;
    remedy help;
  } const table[] = {{500, remedy::again}, {501, remedy::none},  {502, remedy::later},
                     {503, remedy::later}, {504, remedy::none},  {505, remedy::none},
                     {524, remedy::none},  {529, remedy::later}, {404, remedy::none}};
  for (const auto& row : table) {
    CAPTURE(row.status);
    begin_stream();
    net.answer(row.status, R"({"error":{"message":"no"}})");
    CHECK(heard.help == row.help);
  }
}

TEST_CASE_FIXTURE(fixture, "a cancelled turn's transfer is dropped, and nothing more is reported") {
  begin_stream();
  transport_script::head(net.last(), 200);
  transport_script::data(net.last(), meow);
  auto c = net.calls.back();
  conversation->cancel(std::chrono::steady_clock::now());
  CHECK(c->dropped);
  CHECK(c->abandoned);
  transport_script::data(*c, stop + done);
  transport_script::end(*c);
  CHECK(heard.log.empty());
  CHECK(calls(call_outcome::cancelled) == 1);
}

TEST_CASE_FIXTURE(fixture, "an endless answer is cut off") {
  begin_whole();
  transport_script::head(net.last(), 200);
  for (std::size_t sent = 0; sent <= openai::max_answer_bytes; sent += 1u << 20)
    transport_script::data(net.last(), std::string(1u << 20, ' '));
  CHECK(heard.log == strings{"failure"});
  CHECK(net.last().dropped);
}

TEST_CASE("the models are those of the server's list") {
  test::fake_transport net;
  auto service = make_openai(net, fixture::options(std::make_shared<metrics>()));
  strings names;
  std::optional<chat::failure> problem;
  auto take = [&](auto found) {
    if (found)
      for (const auto& m : *found)
        names.push_back(m.name);
    else
      problem = std::move(found.error());
  };
  service->list_models(take);
  CHECK(net.paths(base_url) == strings{"GET /models"});
  net.answer(200, R"({"data":[{"id":"llama"},{"id":"qwen"}]})");
  CHECK(names == strings{"llama", "qwen"});
  CHECK(service->state().working == 1);
  service->list_models(take);
  net.answer(200, "<html>");
  CHECK(problem);
  CHECK(service->default_model().empty());
  CHECK(service->public_model_id("a/b C") == "a/b C");
}
