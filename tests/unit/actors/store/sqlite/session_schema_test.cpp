#include "actors/store/sqlite/session_database.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "protocol/openai/chat/transcript_json.hpp"
#include "tests/unit/support/old_session_files.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstddef>
#include <set>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using test::read_file;
using test::write_file;
using strings = std::vector<std::string>;

struct fixture {
  test::temporary_folder folder;
  std::string file = folder.file("sessions.db");
  const strings one{"CREATE TABLE cats (name TEXT)"};
  const strings two{one.front(), "ALTER TABLE cats ADD COLUMN lives INTEGER DEFAULT 9"};
};

/// Why the file is not opened; empty if it is.
std::string refusal(const std::string& file, const strings& steps = session_schema_steps()) {
  try {
    open_session_file(file, steps);
    return {};
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The steps to an earlier schema.
strings steps_until(std::size_t version) {
  const auto& all = session_schema_steps();
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(version)};
}

using texts = session_database::texts;

/// Checks that sessions of older files are conversations, each with an id that nobody can guess.
void check_conversations(const session_database& db, const std::vector<session_record>& sessions) {
  std::set<std::string> ids;
  for (const auto& s : sessions) {
    const auto& id = s.info.conversation;
    CHECK(id.size() == 48);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    ids.insert(id);
    CHECK(db.show(conversation_query{s.info.tenant, id}).info.id == s.info.id);
    CHECK(s.metadata == "{}");
    CHECK(s.info.newest_response.empty());
    CHECK(s.info.kept_until == std::chrono::system_clock::time_point::min());
    for (const auto& m : s.transcript)
      CHECK(m.items.empty());
  }
  CHECK(ids.size() == sessions.size());
}

/// Checks that the sessions of a file of 1.0.0 are there, whatever steps led to the current schema.
void check_sessions_of_1_0_0(session_database& db) {
  CHECK(db.counts().sessions == 3);
  const auto chat = test::load(db, {"alice", "chat-1"});
  REQUIRE(chat.found);
  CHECK(chat.record.info.turns == 2);
  CHECK(chat.record.info.created_at == std::chrono::system_clock::time_point{1s});
  CHECK(chat.record.info.last_used == std::chrono::system_clock::time_point{5s});
  CHECK(chat.record.chat.id == "c-1");
  CHECK(chat.record.chat.upstream == "anuneko");
  CHECK(chat.record.chat.account == "a-1");
  CHECK(chat.record.chat.messages == 4);
  CHECK_FALSE(chat.record.chat.unsure);
  CHECK_FALSE(chat.record.prompt.has_value());
  REQUIRE(chat.record.transcript.size() == 5);
  CHECK(chat.record.transcript[1].text == "你好");
  CHECK(chat.record.transcript[3].text == R"(a "quoted" word)");
  const auto whole = test::find(db, {"alice", {}, "bb00bb00bb00bb00bb00bb00bb00bb00"});
  REQUIRE(whole.found);
  CHECK(whole.record.info.id == "whole-1");
  CHECK(
      openai::transcript_json(whole.record.transcript) ==
      R"([{"role":"user","content":[{"type":"text","text":"in parts"}]},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function",)"
      R"("function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"t1","content":"4"},{"role":"assistant","content":"four"}])");
  const auto digest = test::load(db, {"bob", "digest-1"});
  CHECK(digest.record.chat.unsettled_message == "m-3");
  CHECK(digest.record.transcript.empty());
  check_conversations(db, {chat.record, whole.record, digest.record});
  std::string key;
  for (auto i = 0; i < 32; ++i)
    key += "01";
  CHECK(db.digest_key() == key);
}

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a new file is readable by its owner only, and has our mark and its version") {
  CHECK(refusal(file).empty());
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  auto db = open_session_file(file);
  CHECK(db.number("PRAGMA application_id") == session_file_mark);
  CHECK(db.number("PRAGMA user_version") ==
        static_cast<std::int64_t>(session_schema_steps().size()));
}

TEST_CASE_FIXTURE(fixture, "written data is synced to the disk") {
  auto db = open_session_file(file);
  CHECK(db.number("PRAGMA synchronous") == 2);
  CHECK(db.number("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'") == 1);
}

TEST_CASE_FIXTURE(fixture, "an older file is brought up to date, and keeps its content") {
  {
    auto db = open_session_file(file, one);
    db.execute("INSERT INTO cats VALUES ('Tom')");
  }
  auto db = open_session_file(file, two);
  CHECK(db.number("PRAGMA user_version") == 2);
  CHECK(db.number("SELECT lives FROM cats WHERE name = 'Tom'") == 9);
}

TEST_CASE_FIXTURE(fixture, "a file of 1.0.0 keeps its sessions") {
  test::write_file_of_1_0_0(file);
  session_database db{file, texts::kept};
  check_sessions_of_1_0_0(db);
}

TEST_CASE_FIXTURE(fixture, "a file of any version since 1.0.0 keeps its sessions") {
  constexpr std::size_t version_of_1_0_0 = 3;
  for (auto version = version_of_1_0_0; version < session_schema_steps().size(); ++version) {
    CAPTURE(version);
    file = folder.file("version-" + std::to_string(version));
    test::write_file_of_1_0_0(file);
    open_session_file(file, steps_until(version));
    session_database db{file, texts::kept};
    check_sessions_of_1_0_0(db);
    CHECK(db.counts().responses == 0);
    CHECK(db.sweep(session_lifetime{10h}.expiry(std::chrono::system_clock::time_point{10h + 6s}),
                   10) == 1);
    CHECK_FALSE(test::load(db, {"alice", "chat-1"}).found);
  }
}

TEST_CASE_FIXTURE(fixture, "an answer whose request was identified by a hash is dropped") {
  test::write_file_of_1_0_0(file);
  session_database db{file, texts::kept};
  CHECK_FALSE(test::answered(db, "alice", "aa00\n1234567").found);
  CHECK_FALSE(test::load(db, {"alice", "chat-1"}).record.answer);
}

TEST_CASE_FIXTURE(fixture, "an invalid conversation of 1.0.0 is empty, and others continue") {
  test::write_file_of_1_0_0(file);
  sqlite::connection{file, 0ms}.execute("INSERT INTO transcripts VALUES (3, 'no [ JSON')");
  session_database db{file, texts::kept};
  check_sessions_of_1_0_0(db);
  auto record = test::load(db, {"alice", "whole-1"}).record;
  const message_changes next{record.transcript.size(), {{chat::role::user, "and then"}}};
  CHECK(test::commit(db, record, next) == commit_outcome::kept);
  const auto all = test::load(db, {"alice", "whole-1"}).record.transcript;
  REQUIRE(all.size() == 5);
  CHECK(all.back().text == "and then");
}

TEST_CASE_FIXTURE(fixture, "a failed step leaves the file at its version") {
  open_session_file(file, one);
  CHECK(contains(refusal(file, {one.front(), two.back(), "no SQL"}), file + " cannot be used"));
  auto db = open_session_file(file, one);
  CHECK(db.number("PRAGMA user_version") == 1);
  CHECK(db.number("SELECT count(*) FROM pragma_table_info('cats')") == 1);
}

TEST_CASE_FIXTURE(fixture, "a newer file is refused in plain words, and stays as it is") {
  open_session_file(file, two);
  auto before = read_file(file);
  CHECK(refusal(file, one) ==
        file + " was written by a newer nekod (version 2; this one reads up to version 1)");
  CHECK(read_file(file) == before);
  CHECK(refusal(file, two).empty());
}

TEST_CASE_FIXTURE(fixture, "a file in use is refused") {
  auto db = open_session_file(file);
  CHECK(refusal(file) == file + " is in use by another process");
}

TEST_CASE_FIXTURE(fixture, "a file that is not ours is refused, and not changed") {
  for (const auto& bytes : strings{"My letters", std::string(4096, 'x'), "SQLite format 3"}) {
    write_file(file, bytes);
    CHECK(contains(refusal(file), file + " is damaged, or not a file of nekod's"));
    CHECK(read_file(file) == bytes);
  }
  write_file(file, "");
  sqlite::connection{file, std::chrono::milliseconds{0}}.execute("CREATE TABLE letters (text)");
  auto bytes = read_file(file);
  CHECK(contains(refusal(file), file + " belongs to another program"));
  CHECK(read_file(file) == bytes);
}

TEST_CASE_FIXTURE(fixture, "a file that was cut short is refused") {
  open_session_file(file);
  auto bytes = read_file(file).substr(0, 8192);
  write_file(file, bytes);
  CHECK(contains(refusal(file), file + " cannot be used: "));
  CHECK(read_file(file) == bytes);
}

TEST_CASE_FIXTURE(fixture, "a path that is not a file in an existing folder is refused") {
  CHECK(contains(refusal("/proc/no/sessions.db"), "/proc/no/sessions.db cannot be opened: "));
  CHECK(contains(refusal("/proc"), "/proc cannot be opened: "));
  CHECK(refusal("/dev/null") == "/dev/null is not a regular file");
}

TEST_CASE_FIXTURE(fixture, "a name is a file name, not a URI") {
  auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder.file(""));
  auto reason = refusal("file:x?mode=memory");
  std::filesystem::current_path(here);
  CHECK(reason.empty());
  CHECK(std::filesystem::exists(folder.file("file:x?mode=memory")));
}
