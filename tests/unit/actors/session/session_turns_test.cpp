#include "tests/unit/support/session_fixture.hpp"

#include <doctest/doctest.h>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;
using fixture = test::session_fixture;

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a client that repeats its request reads the answer from the beginning") {
  start();
  auto first = ask_counted("one", 0);
  line().say("ha");
  run();
  leave(first);
  auto again = ask_counted("one", 1);
  line().say("llo");
  line().end_answer();
  run();
  CHECK(again.record->log == strings{"begin", "delta ha", "delta llo", "finish"});
  CHECK(again.record->head.replayed);
  CHECK(upstream->log == strings{"begin one", "settle"});
}

TEST_CASE_FIXTURE(fixture, "one repetition too many is refused") {
  options.queue_limit = 1;
  start();
  std::vector<asked> readers;
  for (unsigned i = 0; i < 3; ++i)
    readers.push_back(ask_keyed("one", i));
  auto refused = ask_keyed("one", 3);
  CHECK(refused.record->log == strings{"failed"});
  CHECK(refused.record->error.code == chat::failure_code::session_busy);
  line().say("hello");
  line().end_answer();
  run();
  for (const auto& reader : readers)
    CHECK(reader.record->log == strings{"begin", "delta hello", "finish"});
  CHECK(upstream->log == strings{"begin one", "settle"});
}

TEST_CASE_FIXTURE(fixture, "an answer without readers for a while is not held up") {
  options.credit_step = 5;
  start();
  leave(ask_counted("one", 0));
  line().say("hello");
  run();
  CHECK(line().granted == 5);
}

TEST_CASE_FIXTURE(fixture, "a client that does not come back is given up after the grace period") {
  start();
  leave(ask_counted("one", 0));
  pass(2s);
  leave(ask_counted("one", 1)); // Waits anew from here on.
  pass(2s);
  CHECK(upstream->log == strings{"begin one"});
  pass(1s);
  CHECK(upstream->log == strings{"begin one", "cancel"});
}

TEST_CASE_FIXTURE(fixture,
                  "a repetition during the commit gets the answer's end with the first request") {
  use_slow_store();
  start();
  auto first = ask_keyed("one", 0);
  line().say("ha");
  line().end_answer();
  run();
  auto again = ask_keyed("one", 1);
  CHECK(again.record->log == strings{"begin", "delta ha"});
  let_store_commit();
  CHECK(again.record->log == strings{"begin", "delta ha", "finish"});
  CHECK(first.record->log == again.record->log);
  // And so while it is settled.
  CHECK(ask_keyed("one", 2).record->log == again.record->log);
  CHECK(upstream->log == strings{"begin one", "settle"});
}

TEST_CASE_FIXTURE(fixture, "an answer that was not stored is not replayed, but asked for again") {
  use_slow_store();
  start();
  ask_counted("one", 0);
  line().end_answer();
  run();
  pass(10s); // The store never answers.
  line().end_settling();
  run();
  auto again = ask_counted("one", 1, session_match::repeated);
  CHECK(again.record->log == strings{"begin"});
  CHECK(again.record->head.match == session_match::fresh);
  CHECK(upstream->log == strings{"begin one", "settle", "begin one"});
}

TEST_CASE_FIXTURE(fixture, "a repetition replaces a first turn that was certainly not accepted") {
  start();
  ask_counted("one", 0);
  line().fail(chat::failure_code::overloaded);
  run();
  auto again = ask_counted("one", 1, session_match::repeated);
  CHECK(again.record->log == strings{"begin"});
  CHECK(again.record->head.match == session_match::fresh);
  CHECK(upstream->log == strings{"begin one", "begin one"});
}

TEST_CASE_FIXTURE(fixture, "a new request that fails is not answered by an earlier answer") {
  start();
  ask_counted("go on", 0);
  answer("meow");
  ask_counted("go on", 0);
  line().fail(chat::failure_code::overloaded);
  run();
  auto again = ask_counted("go on", 1);
  CHECK(again.record->log == strings{"begin"});
  CHECK(upstream->log == strings{"begin go on", "settle", "begin go on", "begin go on"});
}

namespace {

/// The record of a session that answered "one".
session_taken answering(const fixture& f) {
  session_taken result;
  result.version = 1;
  auto& record = result.record.emplace();
  record.info.id = "s1";
  record.info.created_at = recorded_now();
  auto& answer = record.answer.emplace();
  answer.identity = f.options.digest->of(*test::request_saying("one")).asked;
  answer.match = session_match::fresh;
  answer.count = 0;
  answer.pieces.push_back("meow");
  return result;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a session from a record has the answer in it") {
  use_slow_store(answering(*this));
  begin_from_store();
  handle = system().spawn(session, options);
  auto again = ask_counted("one", 1, session_match::repeated); // Comes while the record is read.
  CHECK(again.record->log == strings{"begin", "delta meow", "finish"});
  CHECK(again.record->head.replayed);
  CHECK(ask_counted("one", 2).record->log == again.record->log);
  CHECK(upstream->log.empty());
}

TEST_CASE_FIXTURE(fixture, "a new request does not get the record's answer") {
  use_slow_store(answering(*this));
  begin_from_store();
  handle = system().spawn(session, options);
  REQUIRE(ask_counted("one", 0).record->log == strings{"begin"});
  line().fail(chat::failure_code::overloaded);
  run();
  CHECK(ask_counted("one", 1).record->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "a repetition whose answer is not in the record may ask again later") {
  use_slow_store(answering(*this));
  begin_from_store();
  handle = system().spawn(session, options);
  auto other = ask_counted("two", 1, session_match::repeated);
  CHECK(other.record->error.code == chat::failure_code::session_busy);
  CHECK(ask_counted("two", 0).record->log == strings{"begin"});
}
