#include "actors/store/sqlite/response_table.hpp"
#include "actors/store/sqlite/session_database.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>

/// What only a file promises about responses; see `response_lookup_test.cpp`.
namespace {

using namespace nekod;
using namespace std::chrono_literals;
using test::response;
using texts = session_database::texts;

const std::chrono::system_clock::time_point now{1'000'000s};

struct fixture {
  void open(texts t = texts::kept) {
    db.reset();
    db.emplace(file, t);
  }

  bool sees(const std::string& id) const {
    return db->responses().show(response_key{{}, id}, now).record.has_value();
  }

  /// Whether *text* is anywhere in the files.
  bool on_disk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.file("")))
      if (test::read_file(entry.path().string()).find(text) != std::string::npos)
        return true;
    return false;
  }

  test::temporary_folder folder;
  std::string file = folder.file("sessions.db");
  std::optional<session_database> db{std::in_place, file, texts::kept};
};

response_record private_response(const std::string& id) {
  auto r = response(id);
  r.object = R"({"output":"a-very-private-word"})";
  r.input = {{"in", R"({"id":"in","text":"another-private-word"})"}};
  return r;
}

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "responses are there for the next process, once their batch is written") {
  auto r = response("a");
  db->commit(r);
  db->write_batch();
  db->commit(response("b", "a"));
  CHECK(sees("b"));
  CHECK(db->counts().responses == 2);
  db->drop_batch();
  CHECK_FALSE(sees("b"));
  CHECK(db->counts().responses == 1);
  open();
  CHECK(db->counts().responses == 1);
  CHECK(db->responses().show(response_key{{}, "a"}, now).record == r);
  CHECK(db->remove(response_key{{}, "a"}, now));
  CHECK(db->counts().responses == 0);
  db->drop_batch();
  CHECK(sees("a"));
  CHECK(db->counts().responses == 1);
}

TEST_CASE_FIXTURE(fixture, "the text of removed responses does not stay on the disk") {
  db->commit(private_response("a"));
  db->commit(private_response("b"));
  db->write_batch();
  CHECK(on_disk("a-very-private-word"));
  CHECK(on_disk("another-private-word"));
  db->remove(response_key{{}, "a"}, now);
  db->remove(session_key{{}, "s"});
  db->write_batch();
  db.reset();
  CHECK_FALSE(on_disk("a-very-private-word"));
  CHECK_FALSE(on_disk("another-private-word"));
}

TEST_CASE_FIXTURE(fixture,
                  "without texts no response is stored, nor one that an earlier run stored") {
  db->commit(private_response("a"));
  db->commit(response("b", "a"));
  db->write_batch();
  CHECK(on_disk("a-very-private-word"));
  open(texts::dropped);
  CHECK_FALSE(on_disk("private-word"));
  CHECK(db->counts().responses == 0);
  db->commit(private_response("c"));
  session_commit c;
  c.token = test::some_token;
  c.record.info.id = "s";
  c.record.info.conversation = "c";
  c.record.metadata = R"({"topic":"cats"})";
  c.messages.added = {{chat::role::user, "a-very-private-word"}};
  c.messages.added[0].items = R"(["another-private-word"])";
  c.response = private_response("d");
  CHECK(db->commit(c) == commit_outcome::kept);
  db->write_batch();
  CHECK_FALSE(on_disk("private-word"));
  CHECK_FALSE(sees("c"));
  CHECK_FALSE(sees("d"));
  CHECK(db->counts().responses == 0);
  item_query q;
  q.ids = {"in"};
  CHECK(db->responses().show(q, now).items.empty());
  const auto found = db->show(conversation_query{{}, "c"});
  CHECK(found.metadata == c.record.metadata);
  CHECK(found.messages.empty());
}

TEST_CASE_FIXTURE(fixture, "a response that cannot be stored undoes its session's commit") {
  db.reset();
  open_session_file(file).execute("CREATE TRIGGER choosy BEFORE INSERT ON response_items "
                                  "WHEN new.id = 'in' BEGIN SELECT RAISE(FAIL, 'no'); END");
  open();
  session_commit c;
  c.token = test::some_token;
  c.record.info.id = "s";
  c.response = private_response("a");
  CHECK_THROWS_AS(db->commit(c), sqlite::error);
  CHECK(db->counts().sessions == 0);
  CHECK(db->counts().responses == 0);
  CHECK_FALSE(test::load(*db, {{}, "s"}).found);
  CHECK_FALSE(sees("a"));
}
