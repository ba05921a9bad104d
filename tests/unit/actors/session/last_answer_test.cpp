#include "actors/session/last_answer.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using namespace nekod;

struct fixture {
  /// The turn of a client that has an idempotency key.
  static turn keyed(const std::string& identity) {
    auto request = std::make_shared<chat::request>();
    request->retries.key = "key";
    turn t;
    t.request = std::move(request);
    t.identity = identity;
    return t;
  }

  /// The turn of a client that counts how often it sends its request.
  static turn counted(const std::string& identity, session_match match) {
    auto request = std::make_shared<chat::request>();
    request->retries.count = 0;
    turn t;
    t.request = std::move(request);
    t.identity = identity;
    t.match = match;
    return t;
  }

  /// The turn of a client that says nothing about repetitions.
  static turn plain(const std::string& identity) {
    turn t;
    t.request = std::make_shared<chat::request>();
    t.identity = identity;
    return t;
  }

  static std::shared_ptr<answer_log> log_of(const std::string& text) {
    auto log = std::make_shared<answer_log>(answer_identity{"id", 7}, home_loop{}, 1);
    deltas pieces;
    pieces.push_back(text);
    log->append(std::move(pieces), 0);
    return log;
  }

  void answer(const turn& t, const std::string& text) {
    last.remember(t, t.request->retries.count, *log_of(text), {chat::finish_reason::stop});
  }

  last_answer last;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the last answered turn is found by its identity, and no earlier one") {
  CHECK_FALSE(last.find("one"));
  answer(plain("one"), "first");
  REQUIRE(last.find("one"));
  CHECK(last.find("one")->pieces.text == "first");
  CHECK(last.find("one")->answer_id.id == "id");
  answer(plain("two"), "second");
  CHECK_FALSE(last.find("one"));
  CHECK(last.find("two"));
}

TEST_CASE_FIXTURE(fixture, "an answer that is too long to be read again is not kept") {
  answer(plain("one"), "first");
  answer(plain("two"), std::string(max_rereadable_bytes, 'x'));
  CHECK_FALSE(last.last());
}

TEST_CASE_FIXTURE(fixture, "a record keeps it for a client that can find the session again") {
  answer(plain("one"), "first");
  CHECK_FALSE(last.for_record());
  answer(keyed("two"), "second");
  CHECK(last.for_record());
  answer(counted("three", session_match::fresh), "third");
  CHECK_FALSE(last.for_record());
  answer(counted("four", session_match::explicit_id), "fourth");
  CHECK(last.for_record());
  auto with_history = counted("five", session_match::transcript);
  with_history.digests.before = "digest";
  answer(with_history, "fifth");
  CHECK(last.for_record());
}

TEST_CASE_FIXTURE(fixture, "a request that was meant anew drops the answer, in the record too") {
  answer(keyed("one"), "first");
  last.commit_began();
  last.forget("two");
  CHECK(last.find("one"));
  CHECK_FALSE(last.is_outdated_in_record());
  last.forget("one");
  CHECK_FALSE(last.find("one"));
  CHECK(last.is_outdated_in_record());
  last.commit_began();
  CHECK_FALSE(last.is_outdated_in_record());
}

TEST_CASE_FIXTURE(fixture, "after a failed commit the record may have an outdated answer") {
  answer(keyed("one"), "first");
  last.commit_began();
  last.forget("one");
  last.commit_began();
  last.commit_failed();
  CHECK(last.is_outdated_in_record());
  last.begin_from({});
  CHECK_FALSE(last.is_outdated_in_record());
}

TEST_CASE_FIXTURE(fixture, "an answer that was in no record leaves none outdated") {
  answer(plain("one"), "first");
  last.forget("one");
  CHECK_FALSE(last.is_outdated_in_record());
}

TEST_CASE_FIXTURE(fixture, "an answer that is not lasting leaves the one in the record outdated") {
  answer(keyed("one"), "first");
  last.commit_began();
  answer(plain("two"), "second");
  CHECK(last.is_outdated_in_record());
}

TEST_CASE_FIXTURE(fixture, "a record's answer replaces the known one") {
  answer(keyed("one"), "first");
  last.forget("one");
  answered_turn stored;
  stored.identity = "two";
  last.begin_from(stored);
  CHECK(last.find("two"));
  CHECK_FALSE(last.is_outdated_in_record());
  last.begin_from({});
  CHECK_FALSE(last.last());
}

TEST_CASE_FIXTURE(fixture, "an answer is replayed with its identity, its pieces and its upstream") {
  const auto log = log_of("meow");
  log->answered_by("second", "their-model");
  last.remember(plain("one"), {}, *log, {chat::finish_reason::stop});
  REQUIRE(last.last());
  const auto again = replay(*last.last(), {}, 1);
  CHECK(again->identity().id == "id");
  CHECK(again->identity().created == 7);
  CHECK(text_of(*again) == "meow");
  CHECK(again->answerer() == log->answerer());
}
