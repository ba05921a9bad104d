#include "actors/session_database.hpp"
#include "actors/session_file.hpp"
#include "tests/unit/support/small_disk.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;
using texts = session_database::texts;

const auto epoch = std::chrono::system_clock::time_point{};

session_record record(const std::string& id, const std::string& tip = {},
                      std::chrono::seconds used = 1s, const std::string& tenant = {}) {
  session_record r;
  r.info.id = id;
  r.info.tenant = tenant;
  r.tip = tip;
  r.last_used = epoch + used;
  return r;
}

struct fixture {
  void open(texts t = texts::kept) {
    db.reset();
    db.emplace(file, t);
  }

  session_database after_crash() const {
    return {test::copy_after_crash(folder, file), texts::kept};
  }

  /// Whether *text* is anywhere in the files.
  bool on_disk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("")))
      if (test::read_file(entry.path().string()).find(text) != std::string::npos)
        return true;
    return false;
  }

  std::string found(const std::string& tip, const std::string& tenant = {}) {
    return db->find(tenant, tip).record.info.id;
  }

  strings ids() {
    strings result;
    for (const auto& info : db->list())
      result.push_back(info.id);
    return result;
  }

  test::temporary_folder folder;
  std::string file = folder.file("sessions.db");
  std::optional<session_database> db{std::in_place, file, texts::kept};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a record is read as it was kept, also by the next process") {
  auto r = record("s1", std::string{"tip\0\xff", 5}, 7s, "alice");
  r.info.model = "mihoyo-orange_cat";
  r.info.created_at = epoch + 3s + 5us;
  r.info.has_upstream_chat = true;
  r.chat.id = "chat-1";
  r.chat.model = "Orange Cat";
  r.chat.is_new = true;
  r.chat.unsettled_message = "message-1";
  r.transcript = {{openai::role::system, "be kind"}, {openai::role::user, "你好"}};
  db->keep(r);
  db->commit();
  open();
  auto read = db->load("s1");
  REQUIRE(read.found);
  CHECK(read.record.info.id == "s1");
  CHECK(read.record.info.tenant == "alice");
  CHECK(read.record.info.model == "mihoyo-orange_cat");
  CHECK(read.record.info.created_at == r.info.created_at);
  CHECK(read.record.info.has_upstream_chat);
  CHECK(read.record.chat.id == "chat-1");
  CHECK(read.record.chat.model == "Orange Cat");
  CHECK(read.record.chat.is_new);
  CHECK(read.record.chat.unsettled_message == "message-1");
  CHECK(read.record.tip == r.tip);
  CHECK(read.record.last_used == r.last_used);
  REQUIRE(read.record.transcript.size() == 2);
  CHECK(read.record.transcript[0].speaker == openai::role::system);
  CHECK(read.record.transcript[1].text == r.transcript[1].text);
  CHECK_FALSE(db->load("s2").found);
}

TEST_CASE_FIXTURE(fixture, "a record takes the place of its session's older one") {
  db->keep(record("a", "one", 1s, "alice"));
  auto newer = record("a", "two", 2s, "alice");
  newer.transcript = {{openai::role::user, "hello"}};
  db->keep(newer);
  CHECK(db->count() == 1);
  CHECK(db->load("a").record.transcript.size() == 1);
  CHECK(found("one", "alice").empty());
  CHECK(found("two", "alice") == "a");
}

TEST_CASE_FIXTURE(fixture, "what was committed outlives a crash, and what was not does not") {
  db->keep(record("a"));
  db->commit();
  db->keep(record("b"));
  CHECK(db->load("b").found);
  auto later = after_crash();
  CHECK(later.load("a").found);
  CHECK_FALSE(later.load("b").found);
  CHECK(later.count() == 1);
}

TEST_CASE_FIXTURE(fixture, "a session is found by its tip, and the one used last among several") {
  db->keep(record("a", "tip", 1s));
  db->keep(record("b", "tip", 3s));
  db->keep(record("c", "tip", 2s));
  db->keep(record("d", "", 4s));
  db->keep(record("e", "tip", 4s, "alice"));
  CHECK(found("tip") == "b");
  CHECK(found("tip", "alice") == "e");
  CHECK(found("other").empty());
  CHECK(found("").empty());
}

TEST_CASE_FIXTURE(fixture, "only who may see a session removes it") {
  db->keep(record("a", "tip", 1s, "alice"));
  session_scope stranger;
  stranger.tenant = "bob";
  session_scope admin;
  admin.all = true;
  CHECK_FALSE(db->remove("a", stranger));
  CHECK(db->count() == 1);
  CHECK(db->remove("a", admin));
  CHECK_FALSE(db->remove("a", admin));
  CHECK_FALSE(db->load("a").found);
  CHECK(db->count() == 0);
}

TEST_CASE_FIXTURE(fixture, "the list is by age, and by id where that is equal") {
  for (auto [id, age] : {std::pair{"c", 1s}, {"a", 2s}, {"b", 1s}}) {
    auto r = record(id);
    r.info.created_at = epoch + age;
    db->keep(r);
  }
  CHECK(ids() == strings{"b", "c", "a"});
}

TEST_CASE_FIXTURE(fixture, "expired records go in steps, the oldest first") {
  for (auto i = 1; i <= 5; ++i)
    db->keep(record(std::string(1, static_cast<char>('f' - i)), "tip", std::chrono::seconds{i}));
  CHECK(db->sweep(epoch + 4s, 2) == 2);
  CHECK(ids() == strings{"a", "b", "c"});
  CHECK(db->sweep(epoch + 4s, 2) == 1);
  CHECK(db->sweep(epoch + 4s, 2) == 0);
  CHECK(ids() == strings{"a", "b"});
  CHECK(db->count() == 2);
}

TEST_CASE_FIXTURE(fixture, "the text of what was removed is not left on the disk") {
  auto r = record("a");
  r.transcript = {{openai::role::user, "a-very-private-word"}};
  db->keep(r);
  db->commit();
  db->remove("a", {});
  db->commit();
  db.reset();
  CHECK_FALSE(on_disk("a-very-private-word"));
}

TEST_CASE_FIXTURE(fixture,
                  "without texts none is on the disk, also where an earlier run kept them") {
  auto r = record("a", "tip");
  r.transcript = {{openai::role::user, "a-very-private-word"}};
  db->keep(r);
  db->commit();
  CHECK(on_disk("a-very-private-word"));
  open(texts::dropped);
  CHECK_FALSE(on_disk("a-very-private-word"));
  db->keep(r);
  db->commit();
  CHECK_FALSE(on_disk("a-very-private-word"));
  CHECK(found("tip") == "a");
  CHECK(db->load("a").record.transcript.empty());
}

TEST_CASE_FIXTURE(fixture,
                  "a batch for which there is no room is undone, and the next one is kept") {
  db->keep(record("before"));
  db->commit();
  auto big = record("big");
  big.transcript = {{openai::role::user, std::string(1u << 20, 'x')}};
  {
    test::small_disk full{64u << 10};
    auto write = [&] {
      db->keep(record("beside"));
      db->keep(big);
      db->commit();
    };
    CHECK_THROWS_AS(write(), sqlite::error);
    CHECK(db->count() == 1);
    CHECK(db->load("before").found);
    CHECK_FALSE(db->load("beside").found);
    CHECK_THROWS_AS(write(), sqlite::error);
  }
  db->keep(big);
  db->commit();
  CHECK(db->count() == 2);
  CHECK(after_crash().load("big").record.transcript.size() == 1);
}

TEST_CASE_FIXTURE(
    fixture, "a record that cannot be kept takes its batch along, and the next one goes well") {
  db.reset();
  // Fails as it were half-way, and leaves the transaction open.
  open_session_file(file).execute("CREATE TRIGGER choosy BEFORE INSERT ON sessions "
                                  "WHEN new.id = 'bad' BEGIN SELECT RAISE(FAIL, 'no'); END");
  open();
  db->keep(record("before"));
  CHECK_THROWS_AS(db->keep(record("bad")), sqlite::error);
  CHECK(db->count() == 0);
  CHECK_FALSE(db->load("before").found);
  db->keep(record("after"));
  db->commit();
  auto later = after_crash();
  CHECK(later.count() == 1);
  CHECK(later.load("after").found);
}

TEST_CASE_FIXTURE(fixture, "a file that cannot be written to is refused at once") {
  db.reset();
  test::small_disk full{0};
  CHECK_THROWS_AS(session_database(file, texts::kept), std::runtime_error);
}

TEST_CASE_FIXTURE(fixture, "a file that is broken inside is refused, and not touched") {
  for (auto i = 0; i < 100; ++i)
    db->keep(record("session-" + std::to_string(i)));
  db->commit();
  db.reset();
  auto bytes = test::read_file(file);
  std::fill(bytes.begin() + 4096, bytes.end(), 'x');
  test::write_file(file, bytes);
  CHECK_THROWS_WITH_AS(session_database(file, texts::kept),
                       (file + " cannot be used: database disk image is malformed").c_str(),
                       std::runtime_error);
  CHECK(test::read_file(file) == bytes);
}

TEST_CASE("a file keeps the key of its tips, and another file has another") {
  test::temporary_folder folder;
  auto key_of = [&](const char* name) {
    return session_database{folder.file(name), session_database::texts::kept}.digest_key();
  };
  auto key = key_of("a.db");
  CHECK(key.size() == 64);
  CHECK(key_of("a.db") == key);
  CHECK(key_of("b.db") != key);
}

TEST_CASE_FIXTURE(fixture, "after a crash a chat is unsure until its record is kept again") {
  auto r = record("s1");
  r.chat.id = "c1";
  db->keep(r);
  db->keep(record("without a chat"));
  db->commit();
  CHECK_FALSE(db->load("s1").record.chat.unsure);
  open();
  CHECK_FALSE(db->load("s1").record.chat.unsure);

  auto file_after = test::copy_after_crash(folder, file);
  for (auto again = 0; again < 2; ++again) { // However often it is opened in good order after that.
    session_database next{file_after, texts::kept};
    CHECK(next.load("s1").record.chat.unsure);
    CHECK_FALSE(next.load("without a chat").record.chat.unsure);
  }
  session_database next{file_after, texts::kept};
  auto still = next.load("s1").record;
  next.keep(still);
  CHECK(next.load("s1").record.chat.unsure);
  still.chat.unsure = false;
  next.keep(still);
  next.commit();
  CHECK_FALSE(next.load("s1").record.chat.unsure);
}
