#include "actors/upstream/openai/openai.hpp"
#include "protocol/openai/errors.hpp"
#include "tests/unit/support/fake_transport.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace nekod;
using chat::failure_code;

struct listener : passed_call_listener {
  void on_head(std::uint16_t s, const header_fields& f) override {
    status = s;
    fields = f;
  }
  void on_data(std::string bytes) override { body += bytes; }
  void on_end() override { ended = true; }
  void on_failure(const chat::failure& e) override { failure = e; }

  std::uint16_t status = 0;
  header_fields fields;
  std::string body;
  bool ended = false;
  std::optional<chat::failure> failure;
};

/// A body that the test can break.
struct broken_source : body_source {
  bool is_broken() const override { return broken; }
  std::optional<std::uint64_t> length() const override { return 10; }
  piece read(char*, std::size_t, const std::function<void()>&) override { return {}; }

  bool broken = false;
};

struct fixture {
  void open(std::vector<openai_secrets> accounts) {
    openai_options o;
    o.base_url = "http://models.example/v1?api-version=1";
    o.accounts = std::move(accounts);
    o.counts = counts;
    service = make_openai(net, o);
  }

  void pass(passed_request what) {
    auto made = service->pass(std::move(what), heard,
                              [this](transfer_event e) { call->on_transfer(std::move(e)); });
    if (made)
      call = std::move(*made);
    else
      heard.failure = made.error();
  }

  static passed_request embeddings() {
    passed_request what;
    what.method = "POST";
    what.path = "/embeddings";
    what.query = "a=b";
    what.headers = {{"content-type", "application/json"}, {"x-custom", "c"}};
    what.body = "{}";
    return what;
  }

  std::string field(const std::string& name) {
    std::string all;
    for (const auto& [n, value] : net.last().call.headers)
      if (n == name)
        all += '[' + value + ']';
    return all;
  }

  double calls(call_outcome outcome) const {
    return counts->upstream_calls("openai", "passed").outcomes[outcome].Value();
  }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  test::fake_transport net;
  listener heard;
  std::shared_ptr<upstream_service> service;
  std::unique_ptr<passed_call> call;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a call goes to the path below the server's URL, with its key") {
  open({{"one"}});
  pass(embeddings());
  CHECK(net.last().call.url == "http://models.example/v1/embeddings?a=b&api-version=1");
  CHECK(net.last().call.method == "POST");
  CHECK(net.last().call.body == "{}");
  CHECK(net.last().call.passes);
  CHECK_FALSE(net.last().call.repeatable);
  CHECK(field("authorization") == "[Bearer one]");
  CHECK(field("x-custom") == "[c]");
  CHECK(field("content-type") == "[application/json]");
  CHECK(field("accept") == "[]");
  auto what = embeddings();
  what.path = "/tokenize";
  what.at_root = true;
  what.query.clear();
  pass(std::move(what));
  CHECK(net.last().call.url == "http://models.example/tokenize?api-version=1");
}

TEST_CASE_FIXTURE(fixture, "an answer comes back unchanged") {
  open({{"one"}});
  pass(embeddings());
  net.answer(418, "tea");
  CHECK(heard.status == 418);
  CHECK(heard.body == "tea");
  CHECK(heard.ended);
  CHECK(calls(call_outcome::refused) == 1);
}

TEST_CASE_FIXTURE(fixture, "a refusal of the account becomes an error of ours, without the key") {
  for (int status : {401, 402, 403}) {
    CAPTURE(status);
    heard = {};
    open({{"secret-one"}});
    pass(embeddings());
    net.answer(static_cast<std::uint16_t>(status), R"({"error":{"message":"bad key secret-one"}})");
    CHECK(heard.status == 0);
    REQUIRE(heard.failure);
    CHECK(heard.failure->code == failure_code::upstream_auth_failed);
    CHECK(openai::to_json(*heard.failure, language::en).find("secret-one") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(fixture, "a redirect does not lead the client elsewhere") {
  open({{"one"}});
  pass(embeddings());
  net.answer(302, "");
  CHECK(heard.status == 0);
  CHECK(heard.failure->code == failure_code::upstream_error);
  heard = {};
  pass(embeddings());
  net.answer(304, "");
  CHECK(heard.status == 304);
}

TEST_CASE_FIXTURE(fixture, "another account is asked if the body is at hand") {
  open({{"one"}, {"two"}, {"three"}});
  pass(embeddings());
  net.answer(401, "{}");
  REQUIRE(net.calls.size() == 2);
  net.answer(429, "{}");
  REQUIRE(net.calls.size() == 3);
  CHECK(heard.status == 0);
  CHECK_FALSE(heard.failure);
  net.answer(200, "good");
  CHECK(heard.body == "good");
  CHECK(heard.ended);
}

TEST_CASE_FIXTURE(fixture, "what a client wrote is refused by one account for all") {
  open({{"one"}, {"two"}});
  pass(embeddings());
  net.answer(403, R"({"error":{"message":"flagged","metadata":{"reasons":["x"]}}})");
  CHECK(net.calls.size() == 1);
  REQUIRE(heard.failure);
  CHECK(heard.failure->code == failure_code::upstream_refused);
  CHECK(openai::status_of(*heard.failure) == 400);
}

TEST_CASE_FIXTURE(fixture, "a body that streams is sent once") {
  open({{"one"}, {"two"}});
  auto what = embeddings();
  what.source = std::make_shared<broken_source>();
  pass(std::move(what));
  net.answer(429, "limited");
  CHECK(net.calls.size() == 1);
  CHECK(heard.status == 429);
  CHECK(heard.body == "limited");
}

TEST_CASE_FIXTURE(fixture, "a broken body says nothing about the upstream") {
  open({{"one"}});
  auto source = std::make_shared<broken_source>();
  auto what = embeddings();
  what.source = source;
  pass(std::move(what));
  source->broken = true;
  test::fake_transport::end(net.last(), transfer_failure::cut);
  CHECK(heard.failure->code == failure_code::malformed_request);
  CHECK(calls(call_outcome::cancelled) == 1);
  CHECK(calls(call_outcome::failed) == 0);
}

TEST_CASE_FIXTURE(fixture, "a failed transfer becomes an error of ours") {
  open({{"one"}});
  pass(embeddings());
  test::fake_transport::end(net.last(), transfer_failure::first_byte_timeout);
  CHECK(heard.failure->code == failure_code::upstream_timeout);
  heard = {};
  pass(embeddings());
  test::fake_transport::head(net.last(), 200);
  test::fake_transport::data(net.last(), "some");
  test::fake_transport::end(net.last(), transfer_failure::cut);
  CHECK(heard.status == 200);
  CHECK_FALSE(heard.ended);
  CHECK(heard.failure->code == failure_code::upstream_error);
}

TEST_CASE_FIXTURE(fixture, "a dropped call is cancelled") {
  open({{"one"}});
  pass(embeddings());
  auto entry = net.calls.back();
  call.reset();
  CHECK(entry->dropped);
  CHECK(calls(call_outcome::cancelled) == 1);
}
