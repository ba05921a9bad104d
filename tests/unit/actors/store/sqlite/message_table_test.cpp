#include "actors/store/sqlite/message_table.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "protocol/openai/chat/transcript_json.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using chat::role;

namespace {

struct fixture {
  std::string texts(std::int64_t session) const {
    std::string result;
    for (const auto& m : table.read(session))
      result += m.text + ' ';
    return result;
  }

  test::temporary_folder folder;
  sqlite::connection db = open_session_file(folder.file("sessions.db"));
  message_table table{db};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "messages are appended, and replaced from a position on") {
  table.apply(1, {0, {{role::user, "one"}, {role::assistant, "first"}}});
  table.apply(2, {0, {{role::user, "other"}}});
  table.apply(1, {2, {{role::user, "two"}, {role::assistant, "second"}}});
  CHECK(texts(1) == "one first two second ");
  table.apply(1, {1, {{role::assistant, "1st"}}});
  CHECK(texts(1) == "one 1st ");
  table.apply(1, {0, {}});
  CHECK(texts(1).empty());
  CHECK(texts(2) == "other ");
}

TEST_CASE_FIXTURE(fixture, "changes need the messages that they keep") {
  table.apply(1, {0, {{role::user, "one"}, {role::assistant, "first"}}});
  CHECK(table.has_kept(1, {2, {}}));
  CHECK_FALSE(table.has_kept(1, {3, {}}));
  CHECK(table.has_kept(2, {0, {}}));
  CHECK_FALSE(table.has_kept(2, {1, {}}));
}

TEST_CASE_FIXTURE(fixture, "a message is read as its sender wrote it") {
  const std::string call = R"({"role":"assistant", "content":null, "tool_calls":[{"id":"c"}]})";
  auto m = openai::parse_transcript("[" + call + "]");
  table.apply(1, {0, m});
  CHECK(openai::transcript_json(table.read(1)) == "[" + call + "]");
}

TEST_CASE_FIXTURE(fixture, "an unreadable message keeps its position") {
  table.apply(1, {0, {{role::user, "one"}, {role::user, "two"}, {role::user, "three"}}});
  db.execute("UPDATE messages SET message = 'no JSON' WHERE position = 1");
  CHECK(texts(1) == "one  three ");
}
