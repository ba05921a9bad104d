#include "actors/store.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

const auto epoch = std::chrono::system_clock::time_point{};

session_record record(const std::string& id, const std::string& tip, std::chrono::seconds used,
                      const std::string& tenant = {}) {
  session_record r;
  r.info.id = id;
  r.info.tenant = tenant;
  r.tip = tip;
  r.last_used = epoch + used;
  return r;
}

/// The id that is found, or nothing.
std::string found(const memory_store_state& s, const std::string& tip,
                  const std::string& tenant = {}) {
  return s.find(tenant, tip).record.info.id;
}

} // namespace

TEST_CASE("a session is found by its tip, and the one used last among several") {
  memory_store_state s;
  s.keep(record("a", "tip", 1s));
  s.keep(record("b", "tip", 3s));
  s.keep(record("c", "tip", 2s));
  s.keep(record("d", "", 4s));
  CHECK(found(s, "tip") == "b");
  CHECK(found(s, "other").empty());
  CHECK(found(s, "").empty());
}

TEST_CASE("a session is found by its newest tip alone") {
  memory_store_state s;
  s.keep(record("a", "one", 1s));
  s.keep(record("a", "two", 2s));
  CHECK(found(s, "one").empty());
  CHECK(found(s, "two") == "a");
}

TEST_CASE("a tenant finds its own sessions only") {
  memory_store_state s;
  s.keep(record("a", "tip", 2s, "alice"));
  s.keep(record("b", "tip", 1s, "bob"));
  CHECK(found(s, "tip", "bob") == "b");
  CHECK(found(s, "tip").empty());
}

TEST_CASE("what is removed or expired is found no more") {
  memory_store_state s;
  s.keep(record("a", "tip", 1s));
  s.keep(record("b", "tip", 2s));
  s.keep(record("c", "tip", 9s, "alice"));
  session_scope strangers;
  strangers.tenant = "bob";
  CHECK_FALSE(s.remove("c", strangers));
  CHECK(found(s, "tip", "alice") == "c");
  CHECK(s.remove("b", {}));
  CHECK(found(s, "tip") == "a");
  s.sweep(epoch + 5s);
  CHECK(found(s, "tip").empty());
  CHECK(found(s, "tip", "alice") == "c");
}
