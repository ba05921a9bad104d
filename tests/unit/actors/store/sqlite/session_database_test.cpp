#include "actors/store/sqlite/session_database.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "tests/unit/support/small_disk.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <ostream>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;
using texts = session_database::texts;
using test::answered;
using test::find;
using test::load;

const auto epoch = std::chrono::system_clock::time_point{};

session_record record(const std::string& id, const std::string& tip = {},
                      std::chrono::seconds used = 1s, const std::string& tenant = {}) {
  session_record r;
  r.info.id = id;
  r.info.tenant = tenant;
  r.tip = conversation_tip::of(tip);
  r.info.last_used = epoch + used;
  return r;
}

/// The record of a session that answered a request.
session_record answering(const std::string& id, const std::string& identity,
                         const std::string& tenant = {}) {
  auto r = record(id, {}, 1s, tenant);
  r.answer.emplace();
  r.answer->identity = identity;
  r.answer->pieces.push_back("meow");
  return r;
}

session_query everything() {
  session_query q;
  q.view.all = true;
  return q;
}

session_expiry used_before(std::chrono::system_clock::time_point t) {
  session_expiry e;
  e.used = t;
  return e;
}

struct fixture {
  commit_outcome keep(const session_record& r) { return test::keep(*db, r); }

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
    return find(*db, {tenant, {}, tip}).record.info.id;
  }

  strings ids() {
    strings result;
    for (const auto& info : db->list(everything()).sessions)
      result.push_back(info.id);
    return result;
  }

  test::temporary_folder folder;
  std::string file = folder.file("sessions.db");
  std::optional<session_database> db{std::in_place, file, texts::kept};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a record is read as it was stored, also by the next process") {
  auto r = record("s1", std::string{"tip\0\xff", 5}, 7s, "alice");
  r.info.model = "mihoyo-orange_cat";
  r.info.created_at = epoch + 3s + 5us;
  r.info.has_upstream_chat = true;
  r.info.turns = 7;
  r.chat.id = "chat-1";
  r.chat.model = "Orange Cat";
  r.chat.is_new = true;
  r.chat.unsettled_message = "message-1";
  r.chat.messages = 3;
  r.transcript = {{chat::role::system, "be kind"}, {chat::role::user, "你好"}};
  keep(r);
  db->write_batch();
  open();
  auto read = load(*db, {"alice", "s1"});
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
  CHECK(read.record.chat.messages == 3);
  CHECK(read.record.tip == r.tip);
  CHECK(read.record.info.last_used == r.info.last_used);
  CHECK(read.record.info.turns == 7);
  REQUIRE(read.record.transcript.size() == 2);
  CHECK(read.record.transcript[0].speaker == chat::role::system);
  CHECK(read.record.transcript[1].text == r.transcript[1].text);
  CHECK_FALSE(load(*db, {{}, "s2"}).found);
}

TEST_CASE_FIXTURE(fixture, "a record replaces its session's older one") {
  keep(record("a", "one", 1s, "alice"));
  auto newer = record("a", "two", 2s, "alice");
  newer.transcript = {{chat::role::user, "hello"}};
  keep(newer);
  CHECK(db->counts().sessions == 1);
  CHECK(load(*db, {"alice", "a"}).record.transcript.size() == 1);
  CHECK(found("one", "alice").empty());
  CHECK(found("two", "alice") == "a");
}

TEST_CASE_FIXTURE(fixture, "a conversation continues from its stored messages") {
  using chat::role;
  auto r = record("a");
  CHECK(test::commit(*db, r, {0, {{role::user, "one"}, {role::assistant, "first"}}}) ==
        commit_outcome::kept);
  CHECK(test::commit(*db, r, {2, {{role::user, "two"}}}) == commit_outcome::kept);
  const auto all = load(*db, {{}, "a"}).record.transcript;
  REQUIRE(all.size() == 3);
  CHECK(all[1].text == "first");
  CHECK(all[2].text == "two");
}

TEST_CASE_FIXTURE(fixture, "changes based on missing messages are refused") {
  using chat::role;
  auto r = record("a", "one");
  r.transcript = {{role::user, "one"}};
  keep(r);
  r.tip = conversation_tip::of("two");
  CHECK(test::commit(*db, r, {2, {{role::user, "three"}}}) == commit_outcome::refused);
  CHECK(test::commit(*db, record("b"), {1, {}}) == commit_outcome::refused);
  db->write_batch();
  CHECK(found("one") == "a");
  CHECK(load(*db, {{}, "a"}).record.transcript.size() == 1);
  CHECK(db->counts().sessions == 1);
}

TEST_CASE_FIXTURE(fixture, "a new session in an old one's place replaces all of it") {
  auto r = record("a", "one");
  r.transcript = {{chat::role::user, "one"}};
  keep(r);
  r.info.created_at += 1s;
  r.transcript = {{chat::role::user, "two"}};
  CHECK(keep(r) == commit_outcome::kept);
  const auto now = load(*db, {{}, "a"}).record;
  CHECK(now.info.created_at == r.info.created_at);
  REQUIRE(now.transcript.size() == 1);
  CHECK(now.transcript.front().text == "two");
  CHECK(db->counts().sessions == 1);
}

TEST_CASE_FIXTURE(fixture, "a turn writes only what it adds, however long its conversation is") {
  using chat::role;
  const auto log = [&] { return std::filesystem::file_size(file + "-wal"); };
  auto r = record("a", "tip");
  r.transcript.assign(1'000, {role::user, std::string(1'000, 'x')});
  keep(r);
  db->write_batch();
  const auto before = log();
  CHECK(before > 1'000'000);
  for (std::size_t turn = 0; turn < 10; ++turn) {
    test::commit(
        *db, r,
        {r.transcript.size() + 2 * turn, {{role::user, "go on"}, {role::assistant, "yes"}}});
    db->write_batch();
  }
  // Pages of 4 KiB: of the messages, the session, and its indexes.
  CHECK(log() - before < 10 * 40'000);
}

TEST_CASE_FIXTURE(fixture, "an answer is found by its request, for its tenant only") {
  const std::string identity{"digest\0\xff\nkey", 12};
  keep(answering("a", identity, "alice"));
  auto found = answered(*db, "alice", identity);
  REQUIRE(found.found);
  CHECK(found.record.info.id == "a");
  REQUIRE(found.record.answer);
  CHECK(found.record.answer->identity == identity);
  CHECK(found.record.answer->pieces.text == "meow");
  CHECK_FALSE(answered(*db, "bob", identity).found);
  CHECK_FALSE(answered(*db, "alice", "other").found);
  db->write_batch();
  open();
  CHECK(load(*db, {"alice", "a"}).record.answer);
  keep(answering("a", "next", "alice"));
  CHECK_FALSE(answered(*db, "alice", identity).found);
  CHECK(answered(*db, "alice", "next").found);
  keep(record("a", {}, 1s, "alice"));
  CHECK_FALSE(answered(*db, "alice", "next").found);
}

TEST_CASE_FIXTURE(fixture, "an answer is gone once it is forgotten, and its session stays") {
  keep(answering("a", "one", "alice"));
  answered(*db, "bob", "one", earlier_answer::forgotten);
  CHECK(answered(*db, "alice", "one").found);
  answered(*db, "alice", "one", earlier_answer::forgotten);
  CHECK_FALSE(answered(*db, "alice", "one").found);
  CHECK(load(*db, {"alice", "a"}).found);
  CHECK_FALSE(load(*db, {"alice", "a"}).record.answer);
}

TEST_CASE_FIXTURE(fixture, "an answer is gone with its session, and if no texts are stored") {
  keep(answering("a", "one"));
  keep(answering("b", "two"));
  CHECK(db->remove({{}, "a"}));
  CHECK_FALSE(answered(*db, {}, "one").found);
  db->write_batch();
  open(texts::dropped);
  CHECK_FALSE(answered(*db, {}, "two").found);
  CHECK_FALSE(on_disk("meow"));
  keep(answering("c", "three"));
  db->write_batch();
  CHECK_FALSE(answered(*db, {}, "three").found);
  CHECK_FALSE(on_disk("meow"));
}

TEST_CASE_FIXTURE(fixture, "committed turns survive a crash, others do not") {
  keep(record("a"));
  db->write_batch();
  keep(record("b"));
  CHECK(load(*db, {{}, "b"}).found);
  auto later = after_crash();
  CHECK(load(later, {{}, "a"}).found);
  CHECK_FALSE(load(later, {{}, "b"}).found);
  CHECK(later.counts().sessions == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "a session is found by its tip, the most recently used one among several") {
  keep(record("a", "tip", 1s));
  keep(record("b", "tip", 3s));
  keep(record("c", "tip", 2s));
  keep(record("d", "", 4s));
  keep(record("e", "tip", 4s, "alice"));
  CHECK(found("tip") == "b");
  CHECK(found("tip", "alice") == "e");
  CHECK(found("other").empty());
  CHECK(found("").empty());
}

TEST_CASE_FIXTURE(fixture, "a session's id belongs to its tenant") {
  keep(record("a", "one", 1s, "alice"));
  keep(record("a", "two", 2s, "bob"));
  CHECK(load(*db, {"alice", "a"}).record.tip.digest() == "one");
  CHECK(load(*db, {"bob", "a"}).record.tip.digest() == "two");
  CHECK_FALSE(db->remove({"carol", "a"}));
  CHECK(db->remove({"alice", "a"}));
  CHECK_FALSE(db->remove({"alice", "a"}));
  CHECK(load(*db, {"bob", "a"}).found);
  CHECK(db->counts().sessions == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "an id means the caller's own session, else the most recently used one") {
  keep(record("a", {}, 3s, "alice"));
  keep(record("a", {}, 4s, "bob"));
  session_view view;
  view.tenant = "carol";
  CHECK_FALSE(db->show("a", view).found);
  view.all = true;
  CHECK(db->show("a", view).info.tenant == "bob");
  CHECK_FALSE(db->show("b", view).found);
  view.tenant = "alice";
  CHECK(db->show("a", view).info.tenant == "alice");
}

TEST_CASE_FIXTURE(fixture, "a tip is looked for in its scope") {
  auto scoped = record("a", "tip");
  scoped.scope = "scope";
  keep(scoped);
  CHECK(found("tip").empty());
  CHECK(find(*db, {{}, "scope", "tip"}).record.scope == "scope");
  CHECK_FALSE(find(*db, {{}, "other", "tip"}).found);
}

TEST_CASE_FIXTURE(fixture, "an unknown prompt differs from none") {
  auto r = record("a");
  for (const auto& prompt : {std::optional<std::string>{}, std::optional{std::string{}},
                             std::optional{std::string{"digest"}}}) {
    r.prompt = prompt;
    keep(r);
    CHECK(load(*db, {{}, "a"}).record.prompt == prompt);
  }
}

TEST_CASE_FIXTURE(fixture, "the list is ordered by age, and by id for equal ages") {
  for (auto [id, age] : {std::pair{"c", 1s}, {"a", 2s}, {"b", 1s}}) {
    auto r = record(id);
    r.info.created_at = epoch + age;
    keep(r);
  }
  CHECK(ids() == strings{"b", "c", "a"});
}

TEST_CASE_FIXTURE(fixture, "a page begins after its cursor, even if that session is gone") {
  for (auto [id, made] : {std::pair{"c", 1s}, {"a", 2s}, {"b", 1s}, {"d", 3s}}) {
    auto r = record(id, "", 1s, id[0] == 'd' ? "alice" : "bob");
    r.info.created_at = epoch + made;
    keep(r);
  }
  session_query query;
  query.view.tenant = "bob";
  query.limit = 2;
  query.unrecorded = {{"bob", "a"}, {"bob", "x"}};
  auto first = db->list(query);
  REQUIRE(first.sessions.size() == 2);
  CHECK(first.sessions[0].id == "b");
  CHECK(first.sessions[1].id == "c");
  CHECK(first.total == 4);
  REQUIRE(first.next.has_value());
  db->remove({"bob", "c"});
  query.after = first.next;
  auto second = db->list(query);
  REQUIRE(second.sessions.size() == 1);
  CHECK(second.sessions[0].id == "a");
  CHECK_FALSE(second.next.has_value());
  query.view.all = true;
  CHECK(db->list(query).sessions.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "the total is the tenant's, after every kind of change") {
  auto total = [&](const std::string& tenant) {
    session_query query;
    query.view.tenant = tenant;
    return db->list(query).total;
  };
  keep(record("a", "", 1s, "alice"));
  keep(record("b", "", 2s, "alice"));
  keep(record("b", "", 3s, "alice"));
  keep(record("c", "", 4s, "bob"));
  CHECK(total("alice") == 2);
  CHECK(total("bob") == 1);
  CHECK(total("carol") == 0);
  // Another tenant uses the same name.
  keep(record("b", "", 5s, "bob"));
  CHECK(total("alice") == 2);
  CHECK(total("bob") == 2);
  CHECK(db->counts().sessions == 4);
  db->write_batch();
  db->remove({"bob", "c"});
  db->remove({"alice", "b"});
  db->sweep(used_before(epoch + 2s), 10);
  CHECK(total("alice") == 0);
  CHECK(total("bob") == 1);
  CHECK(db->list(everything()).total == 1);
  open();
  CHECK(total("alice") == 2);
  CHECK(total("bob") == 2);
}

TEST_CASE_FIXTURE(fixture, "records beyond their age expire, too, within the same steps") {
  for (auto i = 1; i <= 5; ++i) {
    auto r = record(std::string(1, static_cast<char>('f' - i)), "", std::chrono::seconds{i});
    r.info.created_at = epoch + std::chrono::seconds{10 - i};
    keep(r);
  }
  auto expiry = used_before(epoch + 2s);
  expiry.made = epoch + 7s;
  CHECK(db->sweep(expiry, 2) == 2);
  CHECK(ids() == strings{"b", "c", "d"});
  CHECK(db->sweep(expiry, 2) == 1);
  CHECK(db->sweep(expiry, 2) == 0);
  CHECK(ids() == strings{"c", "d"});
  CHECK(db->counts().sessions == 2);
}

TEST_CASE_FIXTURE(fixture, "expired records are deleted in steps, the oldest first") {
  for (auto i = 1; i <= 5; ++i)
    keep(record(std::string(1, static_cast<char>('f' - i)), "tip", std::chrono::seconds{i}));
  CHECK(db->sweep(used_before(epoch + 4s), 2) == 2);
  CHECK(ids() == strings{"a", "b", "c"});
  CHECK(db->sweep(used_before(epoch + 4s), 2) == 1);
  CHECK(db->sweep(used_before(epoch + 4s), 2) == 0);
  CHECK(ids() == strings{"a", "b"});
  CHECK(db->counts().sessions == 2);
}

TEST_CASE_FIXTURE(fixture, "the text of removed records does not stay on the disk") {
  auto r = record("a");
  r.transcript = {{chat::role::user, "a-very-private-word"}};
  keep(r);
  db->write_batch();
  db->remove({{}, "a"});
  db->write_batch();
  db.reset();
  CHECK_FALSE(on_disk("a-very-private-word"));
}

TEST_CASE_FIXTURE(fixture,
                  "without texts none is on the disk, even if an earlier run stored them") {
  auto r = record("a", "tip");
  r.transcript = {{chat::role::user, "a-very-private-word"}};
  keep(r);
  db->write_batch();
  CHECK(on_disk("a-very-private-word"));
  open(texts::dropped);
  CHECK_FALSE(on_disk("a-very-private-word"));
  keep(r);
  db->write_batch();
  CHECK_FALSE(on_disk("a-very-private-word"));
  CHECK(found("tip") == "a");
  CHECK(load(*db, {{}, "a"}).record.transcript.empty());
}

TEST_CASE_FIXTURE(fixture,
                  "a batch without room on the disk is undone, and the next one is stored") {
  keep(record("before"));
  db->write_batch();
  auto big = record("big");
  big.transcript = {{chat::role::user, std::string(1u << 20, 'x')}};
  {
    test::small_disk full{64u << 10};
    auto write = [&] {
      keep(record("beside"));
      keep(big);
      db->write_batch();
    };
    CHECK_THROWS_AS(write(), sqlite::error);
    CHECK(db->counts().sessions == 1);
    CHECK(load(*db, {{}, "before"}).found);
    CHECK_FALSE(load(*db, {{}, "beside"}).found);
    CHECK_THROWS_AS(write(), sqlite::error);
  }
  keep(big);
  db->write_batch();
  CHECK(db->counts().sessions == 2);
  CHECK(load(after_crash(), {{}, "big"}).record.transcript.size() == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "a record that cannot be stored undoes its batch, and the next one succeeds") {
  db.reset();
  // Makes a commit fail half-way, with the transaction open.
  open_session_file(file).execute("CREATE TRIGGER choosy BEFORE INSERT ON sessions "
                                  "WHEN new.id = 'bad' BEGIN SELECT RAISE(FAIL, 'no'); END");
  open();
  keep(record("before"));
  CHECK_THROWS_AS(keep(record("bad")), sqlite::error);
  CHECK(db->counts().sessions == 0);
  CHECK_FALSE(load(*db, {{}, "before"}).found);
  keep(record("after"));
  db->write_batch();
  auto later = after_crash();
  CHECK(later.counts().sessions == 1);
  CHECK(load(later, {{}, "after"}).found);
}

TEST_CASE_FIXTURE(fixture, "a file that cannot be written to is refused at once") {
  db.reset();
  test::small_disk full{0};
  CHECK_THROWS_AS(session_database(file, texts::kept), std::runtime_error);
}

TEST_CASE_FIXTURE(fixture, "a damaged file is refused, and not changed") {
  for (auto i = 0; i < 100; ++i)
    keep(record("session-" + std::to_string(i)));
  db->write_batch();
  db.reset();
  auto bytes = test::read_file(file);
  std::fill(bytes.begin() + 4096, bytes.end(), 'x');
  test::write_file(file, bytes);
  CHECK_THROWS_WITH_AS(session_database(file, texts::kept),
                       (file + " cannot be used: database disk image is malformed").c_str(),
                       std::runtime_error);
  CHECK(test::read_file(file) == bytes);
}

TEST_CASE("a file keeps the key of its tips, and another file has another one") {
  test::temporary_folder folder;
  auto key_of = [&](const char* name) {
    return session_database{folder.file(name), session_database::texts::kept}.digest_key();
  };
  auto key = key_of("a.db");
  CHECK(key.size() == 64);
  CHECK(key_of("a.db") == key);
  CHECK(key_of("b.db") != key);
}

TEST_CASE_FIXTURE(fixture, "after a crash a chat is unsure until its record is stored again") {
  auto r = record("s1");
  r.chat.id = "c1";
  keep(r);
  keep(record("without a chat"));
  db->write_batch();
  CHECK_FALSE(load(*db, {{}, "s1"}).record.chat.unsure);
  open();
  CHECK_FALSE(load(*db, {{}, "s1"}).record.chat.unsure);

  auto file_after = test::copy_after_crash(folder, file);
  for (auto again = 0; again < 2;
       ++again) { // However often it is opened and closed properly after that.
    session_database next{file_after, texts::kept};
    CHECK(load(next, {{}, "s1"}).record.chat.unsure);
    CHECK_FALSE(load(next, {{}, "without a chat"}).record.chat.unsure);
  }
  session_database next{file_after, texts::kept};
  auto still = load(next, {{}, "s1"}).record;
  test::keep(next, still);
  CHECK(load(next, {{}, "s1"}).record.chat.unsure);
  still.chat.unsure = false;
  test::keep(next, still);
  next.write_batch();
  CHECK_FALSE(load(next, {{}, "s1"}).record.chat.unsure);
}
