#include "actors/registry/placement.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace nekod;
using chat::role;

namespace {

using strings = std::vector<std::string>;

struct fixture {
  /// A request with these messages, of user and assistant in turn.
  static std::shared_ptr<chat::request> telling(const strings& texts) {
    auto result = std::make_shared<chat::request>();
    for (std::size_t i = 0; i < texts.size(); ++i)
      result->messages.emplace_back(i % 2 == 0 ? role::user : role::assistant, texts[i]);
    result->stream = true;
    return result;
  }

  static pending_turn turn_of(std::shared_ptr<const chat::request> request,
                              const std::string& tenant = {}) {
    pending_turn t;
    t.what.request = std::move(request);
    t.tenant = tenant;
    return t;
  }

  placement_step place(const std::shared_ptr<chat::request>& request,
                       const std::string& tenant = {}) {
    return rules.place(turn_of(request, tenant));
  }

  /// A step of the kind that the test expects.
  template <class Step>
  static Step as(placement_step step) {
    REQUIRE(std::holds_alternative<Step>(step));
    return std::get<Step>(std::move(step));
  }

  /// A session in memory that has answered that request in that conversation.
  void at_rest(const session_key& key, const strings& conversation, const std::string& scope = {},
               const std::string& identity = {}) {
    if (!live.has(key))
      live.add(key, {}, ++actors, {});
    session_report report;
    report.info.tenant = key.tenant;
    report.info.id = key.id;
    report.turns = live.find(key)->turns;
    report.resting = true;
    report.scope = scope;
    report.tip = conversation_tip::of(digest->of(telling(conversation)->messages));
    report.identity = identity;
    live.take_report(report);
  }

  /// A session in memory that has answered all its turns, the last one with that response.
  void rest_after(const session_key& key, const std::string& response) {
    if (!live.has(key))
      live.add(key, {}, ++actors, {});
    session_report report;
    report.info.tenant = key.tenant;
    report.info.id = key.id;
    report.info.newest_response = response;
    report.turns = live.find(key)->turns;
    report.resting = true;
    live.take_report(report);
  }

  static session_taken given(const session_key& key, found_by by) {
    session_taken result;
    result.by = by;
    result.key = key;
    result.version = 7;
    return result;
  }

  std::shared_ptr<conversation_digest> digest = std::make_shared<conversation_digest>("key");
  live_sessions live;
  caf::actor_id actors = 0;
  placement rules = make_rules();

  placement make_rules() {
    placement_options o;
    o.digest = digest;
    o.queue = 1;
    return {live, o};
  }
};

const strings next{"hello", "meow", "and then?"};

std::shared_ptr<chat::request> under(const std::string& header,
                                     std::shared_ptr<chat::request> request) {
  request->session_header = header;
  return request;
}

std::shared_ptr<chat::request> keyed(std::shared_ptr<chat::request> request,
                                     const std::string& key = "key") {
  request->retries.key = key;
  return request;
}

} // namespace

// -- a name --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a name in the body is the session's, known or not, within the tenant") {
  auto request = telling(next);
  request->session_id = "mine";
  for (const auto* tenant : {"a", "b"}) {
    auto joined = as<joins_session>(place(request, tenant));
    CHECK(joined.session == session_key{tenant, "mine"});
    CHECK(joined.turn.what.match == session_match::explicit_id);
    CHECK(joined.turn.what.name == "mine");
  }
}

TEST_CASE_FIXTURE(fixture, "a name has precedence over a transcript and a repetition") {
  at_rest({"", "other"}, {"hello", "meow"});
  auto request = keyed(telling(next));
  request->session_id = "mine";
  CHECK(as<joins_session>(place(request)).session.id == "mine");
}

TEST_CASE_FIXTURE(fixture,
                  "a name in the body has precedence over the header, which is a scope then") {
  at_rest({"", "other"}, {"hello", "meow"});
  auto request = under("other", telling({"hello"}));
  request->session_id = "mine";
  auto joined = as<joins_session>(place(request));
  CHECK(joined.session.id == "mine");
  CHECK(joined.turn.what.scope == digest->of_name("other"));
}

TEST_CASE_FIXTURE(fixture, "a header that names a session in memory is a name, not a scope") {
  at_rest({"a", "mine"}, {"hello", "meow"});
  auto joined = as<joins_session>(place(under("mine", telling({"two"})), "a"));
  CHECK(joined.session == session_key{"a", "mine"});
  CHECK(joined.turn.what.match == session_match::explicit_id);
  CHECK(joined.turn.what.scope.empty());
}

TEST_CASE_FIXTURE(fixture, "the store is asked whether a header names a session") {
  auto asked = as<asks_name>(place(under("mine", telling({"two"})), "a"));
  SUBCASE("it does") {
    session_finding mine;
    mine.found = true;
    auto joined = as<joins_session>(rules.named(std::move(asked), mine));
    CHECK(joined.session == session_key{"a", "mine"});
    CHECK(joined.turn.what.match == session_match::explicit_id);
    CHECK(joined.turn.what.scope.empty());
  }
  SUBCASE("the session has begun meanwhile") {
    at_rest({"a", "mine"}, {"hello"});
    CHECK(as<joins_session>(rules.named(std::move(asked), {})).session.id == "mine");
  }
  SUBCASE("another tenant's session of that name does not count") {
    at_rest({"b", "mine"}, {"hello"});
    as<begins_session>(rules.named(std::move(asked), {}));
  }
}

// -- a scope -------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a header that names no session is a scope") {
  auto begun =
      as<begins_session>(rules.named(as<asks_name>(place(under("ses_1", telling({"hello"})))), {}));
  CHECK(begun.turn.what.name.empty());
  CHECK(begun.turn.what.scope == digest->of_name("ses_1"));
  CHECK(begun.turn.what.match == session_match::fresh);
}

TEST_CASE_FIXTURE(fixture, "a header that cannot be a name is a scope at once") {
  CHECK(as<begins_session>(place(under("ses/1 x", telling({"hello"})))).turn.what.scope ==
        digest->of_name("ses/1 x"));
}

TEST_CASE_FIXTURE(fixture, "a transcript is found within its scope only") {
  at_rest({"", "in scope"}, {"hello", "meow"}, digest->of_name("ses/1 x"));
  CHECK(as<joins_session>(place(under("ses/1 x", telling(next)))).session.id == "in scope");
  CHECK(as<takes_session>(place(under("ses/2 x", telling(next)))).wanted.tip->scope ==
        digest->of_name("ses/2 x"));
  CHECK(as<takes_session>(place(telling(next))).wanted.tip->scope.empty());
}

// -- a repetition --------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a request with a key goes to the session that already has it") {
  auto first = as<takes_session>(place(keyed(telling({"hello"}))));
  CHECK(first.wanted.answer == earlier_answer::wanted);
  CHECK_FALSE(first.wanted.identity.empty());
  auto begun = as<begins_session>(rules.taken(std::move(first), {}));
  const session_key key{"", "s1"};
  live.add(key, {}, 1, {});
  live.give_turn(key, begun.turn.what);
  rules.take_waiting_for("", begun.turn.what.identity);
  auto again = as<joins_session>(place(keyed(telling({"hello"}))));
  CHECK(again.session == key);
  CHECK(again.turn.what.match == session_match::repeated);
  as<takes_session>(place(keyed(telling({"hello"})), "another tenant"));
  as<takes_session>(place(keyed(telling({"hello"}), "another key")));
  as<takes_session>(place(keyed(telling({"something else"}))));
}

TEST_CASE_FIXTURE(fixture, "a request is a repetition only if its client says so") {
  auto first = as<begins_session>(place(telling({"hello"})));
  const session_key key{"", "s1"};
  live.add(key, {}, 1, {});
  live.give_turn(key, first.turn.what);
  as<begins_session>(place(telling({"hello"})));
  auto counted = telling({"hello"});
  counted->retries.count = 0;
  as<begins_session>(place(counted));
  counted->retries.count = 1;
  CHECK(as<joins_session>(place(counted)).session == key);
}

TEST_CASE_FIXTURE(fixture, "equal first words of two clients are two requests") {
  auto from = [](const std::string& sender) {
    auto request = telling({"hello"});
    request->retries.sender = sender;
    request->retries.count = 1;
    return request;
  };
  as<takes_session>(place(from("a")));
  as<takes_session>(place(from("b")));
  as<waits_for_other>(place(from("a")));
}

TEST_CASE_FIXTURE(
    fixture,
    "the session that has answered the request, according to the store, gets the repetition") {
  auto asked = as<takes_session>(place(keyed(telling(next))));
  CHECK(asked.wanted.answer == earlier_answer::wanted);
  CHECK(asked.wanted.tip.has_value());
  const session_key stored{"", "stored"};
  SUBCASE("as the store returned it") {
    auto joined = as<joins_session>(rules.taken(std::move(asked), given(stored, found_by::answer)));
    CHECK(joined.session == stored);
    CHECK(joined.turn.what.match == session_match::repeated);
    REQUIRE(joined.taken);
    CHECK(joined.taken->version == 7);
  }
  SUBCASE("or the session that has its conversation") {
    auto joined = as<joins_session>(rules.taken(std::move(asked), given(stored, found_by::tip)));
    CHECK(joined.turn.what.match == session_match::transcript);
  }
  SUBCASE("unless it is in memory and has forgotten the request") {
    at_rest(stored, {"something", "else"});
    auto again = as<takes_session>(rules.taken(std::move(asked), given(stored, found_by::answer)));
    CHECK(again.wanted.answer == earlier_answer::ignored);
    CHECK(again.wanted.tip.has_value());
  }
}

TEST_CASE_FIXTURE(fixture, "an answer in the store has precedence over a conversation in memory") {
  at_rest({"", "s1"}, {"hello", "meow"});
  auto asked = as<takes_session>(place(keyed(telling(next))));
  CHECK_FALSE(asked.wanted.tip.has_value());
  CHECK(as<joins_session>(rules.taken(std::move(asked), {})).session.id == "s1");
}

TEST_CASE_FIXTURE(fixture, "a repetition waits while the store is asked about the first request") {
  auto first = as<takes_session>(place(keyed(telling({"hello"}))));
  as<waits_for_other>(place(keyed(telling({"hello"}))));
  as<waits_for_other>(place(keyed(telling({"hello"}))));
  auto refused = as<refused_turn>(place(keyed(telling({"hello"}))));
  CHECK(refused.reason.code == chat::failure_code::session_busy);
  CHECK(refused.turn.what.request != nullptr);
  auto begun = as<begins_session>(rules.taken(std::move(first), {}));
  const session_key key{"", "s1"};
  live.add(key, {}, 1, {});
  live.give_turn(key, begun.turn.what);
  auto equal = rules.take_waiting_for("", begun.turn.what.identity);
  REQUIRE(equal.size() == 2);
  for (auto& t : equal)
    CHECK(as<joins_session>(rules.place_by_identity(std::move(t))).session == key);
  CHECK(rules.take_waiting_for("", begun.turn.what.identity).empty());
}

TEST_CASE_FIXTURE(fixture, "turns that wait for an equal one can all be taken back") {
  as<takes_session>(place(keyed(telling({"hello"}), "a")));
  as<takes_session>(place(keyed(telling({"hello"}), "b")));
  as<waits_for_other>(place(keyed(telling({"hello"}), "a")));
  as<waits_for_other>(place(keyed(telling({"hello"}), "b")));
  CHECK(rules.take_all_waiting().size() == 2);
  CHECK(rules.take_all_waiting().empty());
}

// -- a transcript --------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a request with a whole conversation goes to the session that has it") {
  at_rest({"a", "s1"}, {"hello", "meow"});
  auto joined = as<joins_session>(place(telling({"hello", "meow ", "and then?"}), "a"));
  CHECK(joined.session == session_key{"a", "s1"});
  CHECK(joined.turn.what.match == session_match::transcript);
  as<takes_session>(place(telling(next), "b"));
}

TEST_CASE_FIXTURE(fixture, "a session with a turn on its way is not found by its transcript") {
  at_rest({"", "s1"}, {"hello", "meow"});
  live.give_turn({"", "s1"}, turn{});
  as<takes_session>(place(telling(next)));
}

TEST_CASE_FIXTURE(fixture, "a session in the store is found by its transcript") {
  auto asked = as<takes_session>(place(telling(next)));
  CHECK(asked.wanted.answer == earlier_answer::ignored);
  REQUIRE(asked.wanted.tip.has_value());
  CHECK(asked.wanted.tip->digest == digest->of(telling({"hello", "meow"})->messages));
  const session_key stored{"", "stored"};
  SUBCASE("and continues") {
    auto joined = as<joins_session>(rules.taken(std::move(asked), given(stored, found_by::tip)));
    CHECK(joined.session == stored);
    CHECK(joined.turn.what.match == session_match::transcript);
  }
  SUBCASE("unless it is in memory and has moved on") {
    at_rest(stored, {"something", "else"});
    auto begun = as<begins_session>(rules.taken(std::move(asked), given(stored, found_by::tip)));
    CHECK(begun.turn.what.match == session_match::seeded);
  }
  SUBCASE("or does not exist") {
    CHECK(as<begins_session>(rules.taken(std::move(asked), {})).turn.what.match ==
          session_match::seeded);
  }
}

TEST_CASE_FIXTURE(fixture,
                  "a request that only asks about a conversation gets a session of its own") {
  at_rest({"", "s1"}, {"hello", "meow"});
  auto title = telling({"hello", "meow", "Please generate a title for this conversation"});
  title->stream = false;
  CHECK(as<begins_session>(place(title)).turn.what.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture, "without matching transcripts are ignored") {
  at_rest({"", "s1"}, {"hello", "meow"});
  placement_options o;
  o.digest = digest;
  o.matching = false;
  placement unmatched{live, o};
  as<begins_session>(unmatched.place(turn_of(telling(next))));
}

// -- a new session -------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a request without history begins a session") {
  CHECK(as<begins_session>(place(telling({"hello"}))).turn.what.match == session_match::fresh);
  auto prompted = telling({"hello"});
  prompted->messages.insert(prompted->messages.begin(), {role::system, "be a cat"});
  CHECK(as<begins_session>(place(prompted)).turn.what.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture, "a request that is meant as a new one drops an earlier answer") {
  CHECK(as<takes_session>(place(telling(next))).wanted.answer == earlier_answer::ignored);
  auto counted = telling(next);
  counted->retries.count = 0;
  CHECK(as<takes_session>(place(counted)).wanted.answer == earlier_answer::forgotten);
  auto first_words = telling({"hello"});
  first_words->retries.count = 0;
  as<begins_session>(place(first_words)); // Many conversations begin like this.
}

// -- a predecessor, a conversation ---------------------------------------------------------------

namespace {

/// A turn that follows *response*, which the session `old` answered.
pending_turn following(std::shared_ptr<const chat::request> request,
                       const std::string& response = "resp_1") {
  auto t = fixture::turn_of(std::move(request));
  t.what.follows.emplace(response, "old");
  return t;
}

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a turn joins the session that answered last with the response it follows") {
  rest_after({"", "old"}, "resp_1");
  const auto joined = as<joins_session>(rules.place(following(telling(next))));
  CHECK(joined.session.id == "old");
  CHECK(joined.turn.what.match == session_match::predecessor);
  CHECK(name_of(joined.turn.what.match) == "explicit");
}

TEST_CASE_FIXTURE(fixture,
                  "a turn branches if its predecessor's session has gone on, runs or is leaving") {
  rest_after({"", "old"}, "resp_1");
  SUBCASE("it has gone on") { rest_after({"", "old"}, "resp_2"); }
  SUBCASE("it has gone on without a response") { rest_after({"", "old"}, ""); }
  SUBCASE("it was given a turn") {
    const auto joined = as<joins_session>(rules.place(following(telling(next))));
    live.give_turn(joined.session, joined.turn.what);
  }
  SUBCASE("it is being changed") { live.give_edit({"", "old"}); }
  SUBCASE("it is being deleted") { live.start_deletion({"", "old"}); }
  const auto begun = as<begins_session>(rules.place(following(telling(next))));
  CHECK(begun.turn.what.match == session_match::seeded);
  CHECK_FALSE(begun.unused);
}

TEST_CASE_FIXTURE(
    fixture, "a predecessor's session is taken from the store, and released if it has gone on") {
  auto asked = as<takes_session>(rules.place(following(telling(next))));
  CHECK(asked.wanted.id == "old");
  auto found = given({"", "old"}, found_by::id);
  found.token = {"node", 3};
  found.record.emplace().info.newest_response = "resp_1";
  SUBCASE("it has not") {
    const auto joined = as<joins_session>(rules.taken(std::move(asked), found));
    CHECK(joined.session.id == "old");
    CHECK(joined.taken);
  }
  SUBCASE("it has") {
    found.record->info.newest_response = "resp_2";
    const auto begun = as<begins_session>(rules.taken(std::move(asked), found));
    CHECK(begun.unused == session_token{"node", 3});
  }
  SUBCASE("there is none") {
    const auto begun = as<begins_session>(rules.taken(std::move(asked), session_taken{}));
    CHECK(begun.turn.what.match == session_match::seeded);
  }
  SUBCASE("it came into memory meanwhile, and rests") {
    rest_after({"", "old"}, "resp_1");
    const auto joined = as<joins_session>(rules.taken(std::move(asked), found));
    CHECK_FALSE(joined.taken);
  }
}

TEST_CASE_FIXTURE(fixture, "a predecessor's session is taken once at a time") {
  auto asked = as<takes_session>(rules.place(following(telling(next))));
  as<waits_for_other>(rules.place(following(telling({"hello", "meow", "and else?"}))));
  as<waits_for_other>(rules.place(following(telling({"hello", "meow", "or?"}))));
  as<refused_turn>(rules.place(following(telling({"hello", "meow", "too many"}))));
  auto found = given({"", "old"}, found_by::id);
  found.record.emplace().info.newest_response = "resp_1";
  const auto joined = as<joins_session>(rules.taken(std::move(asked), found));
  auto waiting = rules.take_waiting_for("", joined.turn.what.identity);
  REQUIRE(waiting.size() == 2);
  live.add(joined.session, {}, ++actors, {});
  live.give_turn(joined.session, joined.turn.what);
  for (auto& t : waiting)
    as<begins_session>(rules.place_by_identity(std::move(t)));
  // Once it left memory, it is taken again.
  live = {};
  as<takes_session>(rules.place(following(telling(next))));
}

TEST_CASE_FIXTURE(fixture, "a transcript does not take a turn that follows a response") {
  at_rest({"", "other"}, {"hello", "meow"});
  rest_after({"", "old"}, "resp_2");
  as<begins_session>(rules.place(following(telling(next))));
}

TEST_CASE_FIXTURE(fixture, "a repeated request that follows a response joins the first one") {
  rest_after({"", "old"}, "resp_1");
  const auto first = as<takes_session>(rules.place(following(keyed(telling(next)))));
  CHECK(first.wanted.answer == earlier_answer::wanted);
  const auto joined = as<joins_session>(rules.taken(first, session_taken{}));
  live.give_turn(joined.session, joined.turn.what);
  const auto again = as<joins_session>(rules.place(following(keyed(telling(next)))));
  CHECK(again.session.id == "old");
  CHECK(again.turn.what.match == session_match::repeated);
  // The same words after another response are another request.
  const auto other = rules.place(following(keyed(telling(next)), "resp_0"));
  CHECK_FALSE(std::holds_alternative<joins_session>(other));
}

TEST_CASE_FIXTURE(fixture,
                  "a conversation's turn goes to its session, whatever else the request names") {
  auto request = under("header", telling(next));
  request->session_id = "named";
  auto t = turn_of(request);
  t.what.conversation.id = "c0ffee";
  t.what.conversation.session = "its";
  const auto joined = as<joins_session>(rules.place(std::move(t)));
  CHECK(joined.session.id == "its");
  CHECK(joined.turn.what.match == session_match::explicit_id);
  CHECK(joined.turn.what.scope.empty());
}
