#include "protocol/sessions/session_list.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

const auto epoch = std::chrono::system_clock::time_point{};

session_info session(const std::string& id, std::chrono::seconds created) {
  session_info s;
  s.id = id;
  s.created_at = s.last_used = epoch + created;
  return s;
}

strings ids(const session_page& page) {
  strings result;
  for (const auto& s : page.sessions)
    result.push_back(s.id);
  return result;
}

struct fixture {
  void in_memory(session_info s) {
    s.state = "idle";
    live.keys.insert(session_key{s});
    live.sessions.push_back(std::move(s));
  }

  session_page records;
  live_listing live;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a session that is in memory and has a record is on a page once") {
  records.sessions = {session("a", 1s), session("b", 2s), session("c", 3s)};
  records.total = 5;
  in_memory(session("b", 2s));
  in_memory(session("d", 2s));
  auto page = merge(records, live, 10);
  CHECK(ids(page) == strings{"a", "b", "d", "c"});
  CHECK(page.sessions[0].state == "stored");
  CHECK(page.sessions[1].state == "idle");
  CHECK(page.total == 5);
  CHECK_FALSE(page.next.has_value());
}

TEST_CASE_FIXTURE(fixture, "sessions that do not fit on a page are on the next one") {
  records.sessions = {session("a", 1s), session("c", 3s)};
  in_memory(session("b", 2s));
  auto page = merge(records, live, 2);
  CHECK(ids(page) == strings{"a", "b"});
  CHECK(page.next == session_place{epoch + 2s, "b"});
}

TEST_CASE_FIXTURE(fixture,
                  "a session in memory after the last record waits for records before it") {
  records.sessions = {session("a", 1s), session("b", 2s)};
  records.next = records.sessions.back().place();
  live.keys = {{{}, "b"}}; // It is being deleted.
  in_memory(session("x", 9s));
  auto page = merge(records, live, 2);
  CHECK(ids(page) == strings{"a"});
  CHECK(page.next == session_place{epoch + 2s, "b"});
}

TEST_CASE_FIXTURE(fixture,
                  "a page whose sessions are all being deleted still leads to the next one") {
  records.sessions = {session("a", 1s), session("b", 2s)};
  records.next = records.sessions.back().place();
  live.keys = {{{}, "a"}, {{}, "b"}};
  auto page = merge(records, live, 2);
  CHECK(page.sessions.empty());
  CHECK(page.next == session_place{epoch + 2s, "b"});
}

TEST_CASE("a filter selects sessions that match all its parts") {
  auto s = session("a", 10s);
  s.tenant = "alice";
  s.model = "cat";
  session_filter f;
  f.view.tenant = "alice";
  f.created_until = epoch + 10s;
  CHECK(f.has(s));
  f.used_before = epoch + 10s;
  CHECK_FALSE(f.has(s));
  f.used_before = epoch + 11s;
  f.model = "cat";
  CHECK(f.has(s));
  f.model = "dog";
  CHECK_FALSE(f.has(s));
  f.model.clear();
  f.created_until = epoch + 9s;
  CHECK_FALSE(f.has(s));
  f.created_until = epoch + 99s;
  f.spared = {{"alice", "a"}};
  CHECK_FALSE(f.has(s));
  f.spared = {{"bob", "a"}};
  CHECK(f.has(s));
  f.view.tenant = "bob";
  CHECK_FALSE(f.has(s));
  f.view.all = true;
  CHECK(f.has(s));
}

TEST_CASE("a session that is kept expires by age alone") {
  const auto lifetime = session_lifetime{60s, 200s};
  session_info s;
  s.created_at = s.last_used = epoch + 10s;
  s.kept_until = epoch + 150s;
  CHECK_FALSE(lifetime.expiry(epoch + 149s).has(s));
  CHECK(lifetime.expiry(epoch + 150s).has(s));
  s.kept_until = epoch + 1000s;
  CHECK_FALSE(lifetime.expiry(epoch + 210s).has(s));
  CHECK(lifetime.expiry(epoch + 211s).has(s));
}

TEST_CASE("a lifetime ends by last use, and by age if that is limited") {
  auto expiry = session_lifetime{60s}.expiry(epoch + 100s);
  CHECK(expiry.used == epoch + 40s);
  CHECK(expiry.made < epoch - 1000h);
  CHECK((session_lifetime{60s, 90s}.expiry(epoch + 100s).made == epoch + 10s));
  CHECK(session_lifetime{7200s}.sweep_interval() == 60s);
  CHECK(session_lifetime{5s}.sweep_interval() == 5s);
  CHECK((session_lifetime{7200s, 3s}.sweep_interval() == 3s));
}
