#include "bench/simulator/books.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace nekod::sim;
using outcome = posting::outcome;

namespace {

sent_reply whole_reply(std::string text) {
  sent_reply s;
  s.whole = true;
  s.text = std::move(text);
  s.named_answer = true;
  return s;
}

std::vector<message> messages_of(const books& b, const std::string& id) {
  std::vector<message> out;
  CHECK(b.visit(id, [&](const chat& c) { out.assign(c.messages.begin(), c.messages.end()); }));
  return out;
}

struct fixture {
  books b{{}, 1};
  std::string id = b.open_chat("Tuxedo");
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a chat goes from message to reply to choice to message") {
  const auto first = b.post(id, "hello");
  REQUIRE(first.result == outcome::taken);
  CHECK(first.t.model == "Tuxedo");
  CHECK(first.t.turn == 1);
  CHECK(b.count().active == 1);
  b.finish(first.t, whole_reply("miaow"));
  CHECK(b.post(id, "too early").result == outcome::unchosen);
  CHECK(b.choose(answer_message_id(id, first.t.number), 0) == choosing::taken);
  const auto second = b.post(id, "again");
  REQUIRE(second.result == outcome::taken);
  CHECK(second.t.turn == 2);

  const auto messages = messages_of(b, id);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].reply == "miaow");
  CHECK(messages[0].state == message_state::done);
  CHECK(messages[0].choice == 0);
  CHECK(messages[1].state == message_state::refused);
  CHECK(messages[2].state == message_state::streaming);
  const auto t = b.count();
  CHECK(t.chats == 1);
  CHECK(t.messages == 2);
  CHECK(t.completed == 1);
  CHECK(t.choices == 1);
  CHECK(t.max_active == 1);
}

TEST_CASE_FIXTURE(fixture, "a second message overlaps with a reply that continues to stream") {
  const auto first = b.post(id, "one");
  const auto busy = b.post(id, "two");
  REQUIRE(busy.result == outcome::busy);
  CHECK(busy.running == first.t.number);
  CHECK(b.post(id, "two", busy.running).result == outcome::overlap);
}

TEST_CASE_FIXTURE(fixture, "it also overlaps if the reply has ended by itself meanwhile") {
  const auto first = b.post(id, "one");
  const auto busy = b.post(id, "two");
  b.finish(first.t, whole_reply("done"));
  CHECK(b.post(id, "two", busy.running).result == outcome::overlap);
}

TEST_CASE_FIXTURE(fixture, "it does not overlap if the reply turns out to have been cut") {
  const auto first = b.post(id, "one");
  const auto busy = b.post(id, "two");
  b.finish(first.t, {});
  CHECK(b.post(id, "two", busy.running).result == outcome::taken);
  CHECK(b.count().aborted == 1);
}

TEST_CASE_FIXTURE(fixture, "a cut reply needs a choice once a message was named") {
  const auto first = b.post(id, "one");
  sent_reply cut;
  cut.named_user = true;
  b.finish(first.t, cut);
  CHECK(b.post(id, "two").result == outcome::unchosen);
  CHECK(b.choose(user_message_id(id, first.t.number), 0) == choosing::taken);
  CHECK(b.post(id, "two").result == outcome::taken);
}

TEST_CASE_FIXTURE(fixture, "a choice names the answer, in time, and an existing branch") {
  const auto first = b.post(id, "one");
  const auto answer = answer_message_id(id, first.t.number);
  CHECK(b.choose(answer, 0) == choosing::busy);
  auto reply = whole_reply("two answers");
  reply.branches = 2;
  b.finish(first.t, reply);
  CHECK(b.choose(user_message_id(id, first.t.number), 0) == choosing::not_awaited);
  CHECK(b.choose(answer, 2) == choosing::no_such_branch);
  CHECK(b.choose(answer, 1) == choosing::taken);
  CHECK(b.choose(answer, 1) == choosing::taken);
  CHECK(b.count().choices == 1);
  CHECK(b.choose(answer_message_id(id, 7), 0) == choosing::not_awaited);
}

TEST_CASE_FIXTURE(fixture,
                  "unknown chats and invalid message ids are distinguished from known ones") {
  CHECK(b.post("nobody", "hello").result == outcome::unknown_chat);
  CHECK_FALSE(b.set_model("nobody", "Calico"));
  CHECK(b.set_model(id, "Calico"));
  CHECK(b.post(id, "hello").t.model == "Calico");
  for (std::string_view odd : {"", ".", "1", "nobody.2"})
    CHECK(b.choose(odd, 0) == choosing::unknown_chat);
  for (const auto* tail : {".", ".0", ".-2", ".2x", ".99999999999999999999"})
    CHECK(b.choose(id + tail, 0) == choosing::unknown_chat);
}

TEST_CASE_FIXTURE(
    fixture, "a reset forgets everything, and replies that still stream do not count any more") {
  const auto first = b.post(id, "one");
  b.reset();
  b.finish(first.t, whole_reply("late"));
  const auto t = b.count();
  CHECK(t.chats + t.messages + t.completed + t.active == 0);
  CHECK_FALSE(b.visit(id, [](const chat&) {}));
}

TEST_CASE("beyond the limit of bytes, the least recently used chats lose their messages") {
  books b{{100, 4'000}, 1};
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(b.open_chat("Tuxedo"));
    const auto p = b.post(ids.back(), std::string(1'000, 'x'));
    sent_reply unnamed;
    unnamed.whole = true;
    b.finish(p.t, unnamed);
  }
  CHECK(messages_of(b, ids.front()).empty());
  CHECK(messages_of(b, ids.back()).size() == 1);
  SUBCASE("and still go on") { CHECK(b.post(ids.front(), "more").t.turn == 2); }
}

TEST_CASE("a single chat cannot exceed the limit of bytes either") {
  books b{{100, 4'000}, 1};
  const auto id = b.open_chat("Tuxedo");
  for (int i = 0; i < 100; ++i)
    b.finish(b.post(id, std::string(500, 'x')).t, {});
  const auto last = b.post(id, "the last");
  CHECK(last.t.turn == 101);
  std::size_t bytes = 0;
  for (const auto& m : messages_of(b, id))
    bytes += m.text.size();
  CHECK(bytes < 4'000);
  CHECK(messages_of(b, id).back().text == "the last");
}

TEST_CASE("beyond the limit of chats, the least recently used one is dropped") {
  books b{{3, 1'000'000}, 1};
  const auto streaming = b.open_chat("Tuxedo");
  REQUIRE(b.post(streaming, "hello").result == outcome::taken);
  const auto idle = b.open_chat("Tuxedo");
  const auto used = b.open_chat("Tuxedo");
  b.open_chat("Tuxedo");
  CHECK(b.post(idle, "hello").result == outcome::unknown_chat);
  CHECK(b.post(streaming, "hello").result == outcome::busy);
  CHECK(b.post(used, "hello").result == outcome::taken);
}

TEST_CASE("ids look like UUIDs, and differ") {
  books b;
  const auto id = b.open_chat("Tuxedo");
  CHECK(id.size() == 36);
  CHECK(id != b.open_chat("Tuxedo"));
}
