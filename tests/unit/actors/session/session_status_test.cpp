#include "actors/session/session_status.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

namespace {

using namespace nekod;
using namespace std::chrono_literals;

session_options options_of(std::chrono::seconds max_age = {}) {
  session_options o{test::usual_session_rules()};
  o.id = "s1";
  o.tenant = "alice";
  o.max_age = max_age;
  return o;
}

} // namespace

TEST_CASE("a session is counted in one phase, and in none after its end") {
  const auto options = options_of();
  const auto in = [&](session_phase p) { return options.counts->sessions[p].Value(); };
  std::optional<session_status> it{options};
  CHECK(in(session_phase::unknown) == 1);
  it->enter(session_phase::answering);
  CHECK(in(session_phase::unknown) == 0);
  CHECK(in(session_phase::answering) == 1);
  it.reset();
  CHECK(in(session_phase::answering) == 0);
}

TEST_CASE("it rests while it has no turn and reads no record") {
  session_status it{options_of()};
  CHECK(it.rests());
  for (const auto p : {session_phase::loading, session_phase::answering, session_phase::committing,
                       session_phase::settling}) {
    it.enter(p);
    CHECK_FALSE(it.rests());
  }
  it.enter(session_phase::idle);
  CHECK(it.rests());
}

TEST_CASE("a conversation that begins has the session's id and tenant") {
  session_status it{options_of()};
  it.info().turns = 3;
  it.begin_anew();
  CHECK(it.info().id == "s1");
  CHECK(it.info().tenant == "alice");
  CHECK(it.info().turns == 0);
}

TEST_CASE("it may leave after it rested from one look to the next") {
  session_status it{options_of()};
  it.count_turn();
  CHECK_FALSE(it.look_for_idleness());
  CHECK(it.look_for_idleness());
  it.was_used();
  CHECK_FALSE(it.look_for_idleness());
  it.enter(session_phase::answering);
  CHECK_FALSE(it.look_for_idleness());
  CHECK_FALSE(it.look_for_idleness());
  it.enter(session_phase::idle);
  CHECK_FALSE(it.look_for_idleness());
  CHECK(it.look_for_idleness());
}

TEST_CASE("past its age it may leave as soon as it rests") {
  session_status it{options_of(1h)};
  CHECK_FALSE(it.is_past_age());
  it.info().created_at = recorded_now() - 2h;
  CHECK(it.is_past_age());
  it.count_turn();
  CHECK(it.look_for_idleness());
  it.enter(session_phase::answering);
  CHECK_FALSE(it.look_for_idleness());
}
