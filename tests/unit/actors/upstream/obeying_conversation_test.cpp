#include "actors/upstream/obeying_conversation.hpp"
#include "tests/unit/support/fake_upstream.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace {

using namespace nekod;
using chat::finish_reason;
using strings = std::vector<std::string>;

/// Records the events for a session.
struct session_log : upstream_listener {
  void on_deltas(deltas text, std::size_t bytes) override {
    form = text.what;
    text.for_each([&](std::string_view piece) { log.emplace_back(piece); });
    used += bytes;
  }
  void on_answer(upstream_answer a) override {
    log.push_back("answer " + std::string{name_of(a.end.reason)});
    a.end.rest.for_each([&](std::string_view piece) { rest.emplace_back(piece); });
    said = a.said ? a.said->text : "";
  }
  void on_failure(upstream_failure f) override {
    log.push_back("failure " + std::string{name_of(f.reason.code)});
  }
  void on_settled() override { log.emplace_back("settled"); }
  std::string seeded_text() const override { return "seeded"; }
  std::size_t times_said() const override { return 0; }

  deltas::form form = deltas::form::text;
  strings log;
  strings rest;
  std::string said;
  std::size_t used = 0;
};

struct fixture {
  fixture() {
    conversation_context context;
    context.events = [this](transfer_event e) { events.push_back(std::move(e)); };
    context.wake = [this](std::chrono::milliseconds, std::uint64_t number) {
      wakes.push_back(number);
    };
    upstream_chat known;
    known.id = "old";
    conversation =
        std::make_unique<obeying_conversation>(upstream, known, heard, std::move(context), budget);
  }

  void begin(std::uint32_t choices, chat::answer_limits limits = {}, bool stream = true) {
    auto request = std::make_shared<chat::request>();
    request->choices = choices;
    request->limits = std::move(limits);
    request->stream = stream;
    upstream_turn turn;
    turn.text = "hello";
    turn.request = std::move(request);
    conversation->begin(turn);
  }

  static chat::answer_limits stop(strings texts) {
    chat::answer_limits result;
    result.stop = std::move(texts);
    return result;
  }

  /// The conversation with the chat of that number that was opened.
  test::fake_upstream::line& chat(std::size_t number) { return *upstream->lines.at(number); }

  void say(std::size_t number, const std::string& text) {
    chat(number).say(text);
    run();
  }
  void end(std::size_t number) {
    chat(number).end_answer();
    run();
  }
  void alternatives(std::size_t number, std::size_t count) {
    chat(number).happen([this, number, count] { chat(number).listener.on_alternatives(count); });
    run();
  }
  void branches(std::size_t number, const strings& texts) {
    chat(number).happen([this, number, texts] {
      std::vector<deltas> all(texts.size());
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        all[i].push_back(texts[i]);
        bytes += texts[i].size();
      }
      chat(number).listener.on_branches(all, bytes);
    });
    run();
  }
  void end_branches(std::size_t number, const std::vector<std::optional<finish_reason>>& further) {
    chat(number).happen([this, number, further] {
      upstream_answer answer{finish_reason::stop};
      answer.alternatives = further;
      chat(number).listener.on_answer(std::move(answer));
    });
    run();
  }

  /// The events since the last call.
  strings news() { return std::exchange(heard.log, {}); }

  void run() {
    while (!events.empty()) {
      auto e = std::move(events.front());
      events.pop_front();
      conversation->on_transfer(std::move(e));
    }
  }
  void run_wakes() {
    for (auto number : std::exchange(wakes, {}))
      conversation->on_wake(number);
  }

  std::shared_ptr<test::fake_upstream> upstream = std::make_shared<test::fake_upstream>();
  std::shared_ptr<byte_budget> budget = std::make_shared<byte_budget>(100);
  session_log heard;
  std::deque<transfer_event> events;
  std::vector<std::uint64_t> wakes;
  std::unique_ptr<obeying_conversation> conversation;
};

std::string content(int index, const std::string& text) {
  return R"("choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" + text +
         R"("},"finish_reason":null}])";
}

std::string last(int index, const std::string& reason) {
  return R"("choices":[{"index":)" + std::to_string(index) + R"(,"delta":{},"finish_reason":")" +
         reason + R"("}])";
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a stop text ends the answer at once, and its chat is let go") {
  begin(1, stop({"END"}));
  say(0, "meow E");
  say(0, "ND purr");
  CHECK(heard.log == strings{"meow ", "answer stop"});
  CHECK(upstream->log == strings{"begin hello", "let go"});
  CHECK(conversation->chat().id.empty());
  conversation->settle();
  CHECK(upstream->log.back() == "settle");
}

TEST_CASE_FIXTURE(fixture, "an answer without a limit stays in its chat") {
  begin(1, stop({"END"}));
  say(0, "meow E");
  CHECK(heard.log == strings{"meow "});
  end(0);
  CHECK(heard.log == strings{"meow ", "E", "answer stop"});
  CHECK(upstream->log == strings{"begin hello"});
  CHECK(conversation->chat().id == "chat");
}

TEST_CASE_FIXTURE(fixture, "an answer cut only at its end also leaves its chat") {
  begin(1, stop({"b", "abc"}));
  say(0, "xab");
  end(0);
  CHECK(heard.log == strings{"x", "a", "answer stop"});
  CHECK(conversation->chat().id.empty());
}

TEST_CASE_FIXTURE(fixture, "text that is held back is granted at once") {
  begin(1, stop({"END"}));
  say(0, "EN");
  CHECK(chat(0).granted == 2);
  say(0, "!");
  CHECK(heard.used == 1);
  conversation->grant(1);
  CHECK(chat(0).granted == 3);
}

TEST_CASE_FIXTURE(fixture, "a failure of a lone answer is passed on unchanged") {
  begin(1, stop({"END"}));
  chat(0).fail(chat::failure_code::upstream_timeout);
  run();
  CHECK(heard.log == strings{"failure upstream_timeout"});
  CHECK(wakes.empty());
}

TEST_CASE_FIXTURE(fixture, "further answers are the alternatives of the reply") {
  begin(2);
  CHECK(upstream->turns.front().alternatives == 2);
  alternatives(0, 2);
  branches(0, {"a", "b"});
  CHECK(news() == strings{content(0, "a"), content(1, "b")});
  CHECK(heard.form == deltas::form::members);
  end_branches(0, {finish_reason::length});
  CHECK(news() == strings{"answer stop"});
  CHECK(heard.rest == strings{last(0, "stop"), last(1, "length")});
  CHECK(heard.said == "a");
  CHECK(upstream->lines.size() == 1);
  CHECK(conversation->chat().id == "chat");
}

TEST_CASE_FIXTURE(fixture, "if the reply has too few, further chats get the same message") {
  begin(3);
  alternatives(0, 1);
  REQUIRE(upstream->lines.size() == 3);
  CHECK(upstream->log == strings{"begin hello", "begin hello", "begin hello"});
  CHECK(upstream->seeded_texts == strings{"seeded", "seeded", "seeded"});
  CHECK(upstream->turns.back().alternatives == 1);
  say(2, "c");
  say(0, "a");
  say(1, "b");
  end(0);
  end(2);
  CHECK(news() == strings{content(2, "c"), content(0, "a"), content(1, "b")});
  end(1);
  CHECK(news() == strings{"answer stop"});
  CHECK(heard.said == "a");
  conversation->settle();
  CHECK(upstream->lines.size() == 1);
  CHECK(conversation->chat().id == "chat");
}

TEST_CASE_FIXTURE(fixture, "further chats bring as many answers each as the first reply does") {
  begin(5);
  alternatives(0, 2);
  REQUIRE(upstream->turns.size() == 3);
  CHECK(upstream->turns[1].alternatives == 2);
  CHECK(upstream->turns[2].alternatives == 1);
  alternatives(1, 1); // This one does not.
  REQUIRE(upstream->turns.size() == 4);
  CHECK(upstream->turns[3].alternatives == 1);
}

TEST_CASE_FIXTURE(fixture, "promised alternatives that did not come are requested elsewhere") {
  begin(2);
  alternatives(0, 2);
  branches(0, {"a"});
  end_branches(0, {std::nullopt});
  CHECK(news() == strings{content(0, "a")});
  REQUIRE(upstream->lines.size() == 2);
  say(1, "b");
  end(1);
  CHECK(news() == strings{content(1, "b"), "answer stop"});
}

TEST_CASE_FIXTURE(fixture, "a reply that never says its number of answers has those that arrived") {
  begin(2);
  branches(0, {"a", "b"});
  end_branches(0, {finish_reason::stop});
  CHECK(news().back() == "answer stop");
  CHECK(upstream->lines.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "each answer ends by itself, and the reply with its last one") {
  begin(2, stop({"END"}));
  alternatives(0, 2);
  branches(0, {"aEND", "b"});
  CHECK(upstream->log == strings{"begin hello"});
  branches(0, {"more", "c"});
  CHECK(news() == strings{content(0, "a"), content(1, "b"), content(1, "c")});
  branches(0, {"", "END"});
  CHECK(news() == strings{"answer stop"});
  CHECK(upstream->log == strings{"begin hello", "let go"});
}

TEST_CASE_FIXTURE(fixture, "a reply that ends with one cut answer leaves the chat") {
  begin(2, stop({"END"}));
  alternatives(0, 2);
  branches(0, {"aEND", "b"});
  end_branches(0, {finish_reason::stop});
  CHECK(news().back() == "answer stop");
  CHECK(conversation->chat().id.empty());
}

TEST_CASE_FIXTURE(fixture, "one failed answer fails the turn, and the others are given up") {
  begin(2);
  alternatives(0, 1);
  say(0, "a");
  chat(1).fail(chat::failure_code::upstream_error);
  run();
  CHECK(news() == strings{content(0, "a")});
  say(0, "b"); // It arrived meanwhile.
  CHECK(chat(0).granted == 1);
  run_wakes();
  CHECK(news() == strings{"failure upstream_error"});
  CHECK(upstream->log == strings{"begin hello", "begin hello", "cancel", "cancel", "let go"});
  CHECK(conversation->chat().id.empty());
  CHECK(upstream->lines.size() == 1);
  begin(1, stop({"END"}));
  say(0, "c");
  end(0);
  CHECK(news() == strings{"c", "answer stop"});
}

TEST_CASE_FIXTURE(fixture, "a failure after the turn was given up is not reported") {
  begin(2);
  alternatives(0, 1);
  chat(1).fail(chat::failure_code::upstream_error);
  run();
  conversation->cancel(std::chrono::steady_clock::now());
  CHECK(upstream->log.back() == "let go");
  run_wakes();
  CHECK(news().empty());
}

TEST_CASE_FIXTURE(fixture, "read text is granted to the transfers that it came from") {
  begin(2);
  alternatives(0, 1);
  say(0, "aa");
  say(1, "bbb");
  say(0, "c");
  CHECK(heard.used == 6);
  conversation->grant(3);
  CHECK(chat(0).granted == 2);
  CHECK(chat(1).granted == 1);
  conversation->grant(3);
  CHECK(chat(0).granted == 3);
  CHECK(chat(1).granted == 3);
}

TEST_CASE_FIXTURE(fixture, "several answers that are wanted whole need no reader") {
  begin(2, {}, false);
  alternatives(0, 1);
  say(0, "aa");
  say(1, "b");
  CHECK(news().empty());
  CHECK(chat(0).granted == 2);
  end(0);
  end(1);
  CHECK(news() == strings{"answer stop"});
  REQUIRE(heard.rest.size() == 1);
  CHECK(heard.rest[0].find(R"("content":"aa")") < heard.rest[0].find(R"("content":"b")"));
}

TEST_CASE_FIXTURE(fixture, "late events of an earlier turn's further chats reach nobody") {
  begin(2);
  alternatives(0, 1);
  chat(1).say("late");
  conversation->cancel({});
  begin(2);
  alternatives(0, 1);
  run();
  CHECK(news().empty());
}

TEST_CASE_FIXTURE(fixture, "a timer of a further chat is its own") {
  begin(2);
  alternatives(0, 1);
  chat(1).context.wake(std::chrono::milliseconds{1}, 7);
  chat(0).context.wake(std::chrono::milliseconds{1}, 8);
  upstream->log.clear();
  run_wakes();
  CHECK(upstream->log == strings{"wake 7", "wake 8"});
}

TEST_CASE_FIXTURE(fixture, "several whole answers wait within the budget, or fail") {
  begin(2, {}, false);
  alternatives(0, 1);
  say(0, std::string(20, 'a'));
  say(1, std::string(30, 'b'));
  CHECK(budget->used() == 100);
  say(0, "c");
  run_wakes();
  CHECK(news() == strings{"failure overloaded"});
  CHECK(budget->used() == 0);
  begin(2, {}, false);
  alternatives(0, 1);
  say(0, "a");
  end(0);
  end(1);
  CHECK(news() == strings{"answer stop"});
  conversation->settle();
  CHECK(budget->used() == 0);
}

TEST_CASE_FIXTURE(fixture, "a stream of several answers uses none of the budget") {
  begin(2);
  alternatives(0, 1);
  say(0, std::string(200, 'a'));
  CHECK(budget->used() == 0);
  CHECK(wakes.empty());
}
