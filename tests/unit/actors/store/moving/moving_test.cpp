#include "actors/store/moving/moving.hpp"
#include "actors/store/moving/open_movable.hpp"
#include "actors/store/moving/record_lines.hpp"
#include "actors/store/sqlite/session_database.hpp"
#include "actors/store/store_error.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <string>

using namespace nekod;
using namespace std::chrono_literals;
using moving::import_report;
using moving::purpose;

namespace {

using texts = session_database::texts;

const auto epoch = std::chrono::system_clock::time_point{};

session_record session(const std::string& id, const std::string& tip = "tip") {
  session_record r;
  r.info.id = id;
  r.info.created_at = epoch + 1s;
  r.info.conversation = "conversation of " + id;
  r.tip = conversation_tip::of(tip);
  r.chat.id = "chat of " + id;
  r.transcript.emplace_back(chat::role::user, "hello");
  return r;
}

response_record response(const std::string& id, const std::string& parent = {}) {
  response_record r;
  r.id = id;
  r.parent = parent;
  r.state = response_state::chainable;
  r.object = R"({"id":")" + id + R"("})";
  r.input.emplace_back("in " + id, "{}");
  r.created_at = epoch + 2s;
  return r;
}

/// Files of sessions in a folder.
struct files {
  std::string exported(const std::string& name) {
    std::ostringstream out;
    moving::export_store(*open(name, purpose::to_read), out);
    return out.str();
  }

  import_report imported(const std::string& name, const std::string& text,
                         std::size_t limit = moving::longest_line) {
    std::istringstream in{text};
    return moving::import_store(*open(name, purpose::to_fill), in, limit);
  }

  std::unique_ptr<moving::movable_store> open(const std::string& name, purpose p) {
    return moving::open_movable("sqlite:" + folder.file(name), p);
  }

  session_database records(const std::string& name) { return {folder.file(name), texts::kept}; }

  /// A file with two sessions and a chain of two responses.
  std::string filled(const std::string& name) {
    auto db = records(name);
    test::keep(db, session("one"));
    test::keep(db, session("two", "other"));
    db.commit(response("first"));
    db.commit(response("second", "first"));
    db.write_batch();
    return name;
  }

  test::temporary_folder folder;
};

/// *text* without its last line.
std::string without_end(const std::string& text) { return text.substr(0, text.rfind("{\"end\"")); }

/// *text* with one more line before the end.
std::string with_line(const std::string& text, const std::string& line) {
  const auto at = text.rfind("{\"end\"");
  return text.substr(0, at) + line + '\n' + text.substr(at);
}

} // namespace

TEST_CASE("what was imported is exported again, byte for byte") {
  files f;
  const auto text = f.exported(f.filled("a"));
  const auto report = f.imported("b", text);
  CHECK(report.problem.empty());
  CHECK(report.added.sessions == 2);
  CHECK(report.added.messages == 2);
  CHECK(report.added.responses == 2);
  CHECK(report.present.sessions == 0);
  CHECK(f.exported("b") == text);
}

TEST_CASE("an imported session is found by id, conversation and tip, with its messages") {
  files f;
  f.imported("b", f.exported(f.filled("a")));
  auto db = f.records("b");
  const auto by_id = test::load(db, {"", "one"});
  CHECK(by_id.found);
  CHECK(by_id.record.transcript.size() == 1);
  CHECK(by_id.record.chat.id == "chat of one");
  CHECK_FALSE(by_id.record.chat.unsure);
  CHECK(test::find(db, {"", "", "other"}).record.info.id == "two");
  CHECK(db.show(conversation_query{"", "conversation of one"}).found);
  const auto chain = db.responses().show(chain_query{{"", "second"}}, epoch + 1h);
  CHECK(chain.found);
  CHECK(chain.items.size() == 2);
  // The keys of both are equal, or the tips would be of no use.
  CHECK(db.digest_key() == f.records("a").digest_key());
}

TEST_CASE("to import again changes nothing, not even what went on meanwhile") {
  files f;
  const auto text = f.exported(f.filled("a"));
  f.imported("b", text);
  {
    auto db = f.records("b");
    auto later = session("one", "later");
    later.info.turns = 7;
    test::keep(db, later);
    db.remove(response_key{"", "first"}, epoch + 1h);
    db.write_batch();
  }
  const auto before = f.exported("b");
  const auto report = f.imported("b", text);
  CHECK(report.problem.empty());
  CHECK(report.added.sessions + report.added.responses == 0);
  CHECK(report.present.sessions == 2);
  CHECK(report.present.responses == 2);
  CHECK(f.exported("b") == before);
}

TEST_CASE("sessions of another key are refused, and nothing is changed") {
  files f;
  const auto text = f.exported(f.filled("a"));
  const auto before = f.exported(f.filled("b"));
  const auto report = f.imported("b", text);
  CHECK(report.problem.find("line 1 has a digest key that the store cannot take") == 0);
  CHECK(report.added.sessions == 0);
  CHECK(f.exported("b") == before);
}

TEST_CASE("an import ends at the first line that is wrong, and keeps what came before") {
  files f;
  const auto text = f.exported(f.filled("a"));
  auto wrong = session("three");
  wrong.tip = conversation_tip::of(std::string(65, 'x'));
  const auto report = f.imported("b", with_line(text, moving::line_of(wrong)));
  CHECK(report.problem == "line 6 session.tip must have at most 128 bytes");
  CHECK(report.added.sessions == 2);
  CHECK(report.added.responses == 2);
  CHECK(f.exported("b") == text);
}

TEST_CASE("a file that is cut, has more behind its end, or counts otherwise is told") {
  files f;
  const auto text = f.exported(f.filled("a"));
  struct row {
    std::string text, problem;
  };
  const auto more = moving::line_of(session("three"));
  const row rows[] = {
      {"", "line 1 is missing: the file is incomplete"},
      {without_end(text), "line 6 is missing: the file is incomplete"},
      {text + more, "line 7 comes after the end"},
      {more, "line 1 comes before the head"},
      {text.substr(0, text.find('\n') + 1) + text, "line 2 is a second head"},
      {with_line(text, more), "line 7 names 2 sessions and 2 responses, but before it are 3 and 2"},
  };
  for (const auto& r : rows)
    CHECK(f.imported("b", r.text).problem == r.problem);
  CHECK(f.imported("c", text, 100).problem == "line 2 is too long");
}

TEST_CASE("a response that nobody can see any more moves with the chain that needs it") {
  files f;
  f.filled("a");
  {
    auto db = f.records("a");
    db.remove(response_key{"", "first"}, epoch + 1h);
    db.write_batch();
  }
  const auto text = f.exported("a");
  f.imported("b", text);
  auto db = f.records("b");
  CHECK(db.responses().show(chain_query{{"", "second"}}, epoch + 1h).items.size() == 2);
  CHECK_FALSE(db.responses().has({"", "first"}, epoch + 1h));
}

TEST_CASE("after a crash chats are exported as unsure, and a running response as interrupted") {
  files f;
  std::string crashed;
  {
    auto db = f.records("a");
    test::keep(db, session("one"));
    auto running = response("first");
    running.state = response_state::running;
    running.if_interrupted = R"({"status":"failed"})";
    db.commit(running);
    db.write_batch();
    crashed = test::copy_after_crash(f.folder, f.folder.file("a"));
  }
  std::ostringstream out;
  moving::export_store(*moving::open_movable("sqlite:" + crashed, purpose::to_read), out);
  CHECK(out.str().find(R"("unsure":true)") != std::string::npos);
  f.imported("b", out.str());
  auto db = f.records("b");
  CHECK(test::load(db, {"", "one"}).record.chat.unsure);
  const auto found = db.responses().show(response_key{"", "first"}, epoch + 1h);
  REQUIRE(found.record);
  CHECK(found.record->state == response_state::closed);
  CHECK(found.record->object == R"({"status":"failed"})");
}

TEST_CASE("a store that is not there, or is none, is refused") {
  files f;
  CHECK_THROWS_AS(f.open("none", purpose::to_read), store_error);
  CHECK_THROWS_AS(moving::open_movable("memory", purpose::to_fill), store_error);
  const auto open = f.records("a");
  CHECK_THROWS_AS(f.open("a", purpose::to_read), store_error);
}
