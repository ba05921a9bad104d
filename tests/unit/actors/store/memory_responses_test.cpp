#include "actors/store/memory_responses.hpp"
#include "actors/store/memory_store.hpp"
#include "tests/unit/support/stored_records.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>

/// What a store in memory has, a file has, too, whatever is done.
namespace {

using namespace nekod;
using namespace std::chrono_literals;

/// The same random requests to both stores.
class both_stores {
public:
  explicit both_stores(unsigned seed) : random_(seed) {}

  /// Makes one request, which changes something.
  void change() {
    now_ += 1s;
    switch (number(0, 10)) {
    case 10:
      return close_session();
    case 0:
      return remove_response();
    case 1:
      return number(0, 3) == 0 ? remove_session() : sweep();
    case 2:
    case 3:
      return sweep();
    case 4:
    case 5:
      return commit_session();
    default:
      const auto r = some_response();
      memory_.commit(r);
      file_.commit(r);
    }
  }

  /// Checks that both answer every question alike.
  void compare() {
    CHECK(memory_.counts().sessions == file_.counts().sessions);
    CHECK(memory_.counts().responses == file_.counts().responses);
    for (const auto* tenant : tenants) {
      for (auto i = 0; i < ids; ++i)
        compare_response({tenant, "r" + std::to_string(i)});
      for (auto i = 0; i < 6; ++i)
        compare_conversation({tenant, "c" + std::to_string(i)});
      item_query q;
      q.tenant = tenant;
      for (auto i = 0; i < ids; ++i)
        q.ids.push_back("i" + std::to_string(i));
      const auto found = test::ids_of(memory_.responses().show(q, now_).items);
      CHECK(found == test::ids_of(file_.responses().show(q, now_).items));
    }
  }

  /// What was seen so far: a comparison of nothing would show nothing.
  std::size_t seen = 0;
  std::size_t longest_chain = 0;

private:
  static constexpr std::array tenants{"", "alice"};
  static constexpr int ids = 12;

  int number(int from, int to) { return std::uniform_int_distribution{from, to}(random_); }

  std::string tenant() { return tenants.at(static_cast<std::size_t>(number(0, 1))); }

  std::string response_id() { return "r" + std::to_string(number(0, ids - 1)); }

  std::vector<stored_item> some_items() {
    std::vector<stored_item> result;
    for (auto left = number(0, 3); left > 0; --left)
      result.push_back(test::item("i" + std::to_string(number(0, ids - 1))));
    return result;
  }

  response_record some_response() {
    auto r = test::response(response_id(), number(0, 3) == 0 ? std::string{} : response_id(),
                            "s" + std::to_string(number(0, 5)), tenant());
    r.state = static_cast<response_state>(number(0, 2));
    r.input = some_items();
    r.output = some_items();
    r.created_at = now_;
    if (number(0, 2) != 0)
      r.expires_at = now_ + 1s * number(0, 60);
    return r;
  }

  void commit_session() {
    const auto i = std::to_string(number(0, 5));
    session_wanted wanted;
    wanted.token = {"test", 1};
    wanted.tenant = tenant();
    wanted.id = "s" + i;
    session_commit c;
    c.token = wanted.token;
    c.version = memory_.take(wanted).version;
    CHECK(c.version == file_.take(wanted).version);
    c.version += number(0, 5) == 0 ? 1 : 0;
    auto& info = c.record.info;
    info.id = wanted.id;
    info.tenant = wanted.tenant;
    info.conversation = "c" + i;
    info.created_at = info.last_used = now_;
    if (number(0, 1) == 0)
      info.kept_until = now_ + 1s * number(0, 60);
    c.messages.added.emplace_back(chat::role::user,
                                  std::to_string(now_.time_since_epoch().count()));
    if (number(0, 1) == 0)
      c.response = some_response();
    CHECK(memory_.commit(c) == file_.commit(c));
    memory_.release(wanted.token);
    file_.release(wanted.token);
  }

  void remove_response() {
    const response_key key{tenant(), response_id()};
    CHECK(memory_.remove(key, now_) == file_.remove(key, now_));
  }

  void close_session() {
    const session_key key{tenant(), "s" + std::to_string(number(0, 5))};
    memory_.close(key);
    file_.close(key);
  }

  void remove_session() {
    const session_key key{tenant(), "s" + std::to_string(number(0, 5))};
    CHECK(memory_.remove(key) == file_.remove(key));
  }

  void sweep() {
    const auto expiry = session_lifetime{30s}.expiry(now_);
    const auto most = static_cast<std::size_t>(number(1, 4));
    CHECK(memory_.sweep(expiry, most) == file_.sweep(expiry, most));
  }

  void compare_response(const response_key& key) {
    const auto found = memory_.responses().show(key, now_).record;
    CHECK(found == file_.responses().show(key, now_).record);
    seen += found ? 1 : 0;
    const auto chain = memory_.responses().show(chain_query{key}, now_);
    const auto other = file_.responses().show(chain_query{key}, now_);
    CHECK(chain.found == other.found);
    CHECK(chain.state == other.state);
    CHECK(chain.session == other.session);
    CHECK(chain.items == other.items);
    CHECK(chain.output == other.output);
    longest_chain = std::max(longest_chain, chain.items.size());
  }

  void compare_conversation(const conversation_query& query) {
    const auto found = memory_.show(query);
    const auto other = file_.show(query);
    CHECK(found.found == other.found);
    CHECK(found.info.id == other.info.id);
    CHECK(found.info.kept_until == other.info.kept_until);
    CHECK(found.messages.size() == other.messages.size());
  }

  std::mt19937 random_;
  memory_records memory_;
  test::file_records file_;
  std::chrono::system_clock::time_point now_{1'000'000s};
};

} // namespace

TEST_CASE("a store in memory and a file answer alike, whatever was written and deleted") {
  for (auto seed = 1U; seed <= 4; ++seed) {
    CAPTURE(seed);
    both_stores both{seed};
    for (auto i = 0; i < 400; ++i) {
      both.change();
      if (i % 4 == 0)
        both.compare();
    }
    CHECK(both.seen > 500);
    CHECK(both.longest_chain > 8);
  }
}
