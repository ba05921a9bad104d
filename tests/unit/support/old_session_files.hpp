#pragma once

#include "actors/store/sqlite/sqlite.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <chrono>
#include <string>

namespace nekod::test {

/// The schema of nekod 1.0.0, as it was released.
inline constexpr const char* schema_of_1_0_0 = R"(
CREATE TABLE sessions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  model TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  turns INTEGER NOT NULL,
  tip BLOB NOT NULL,
  chat_id TEXT NOT NULL,
  chat_model TEXT NOT NULL,
  chat_is_new INTEGER NOT NULL,
  unsettled_message TEXT NOT NULL,
  run INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_tip ON sessions (tenant, tip, last_used) WHERE tip <> x'';
CREATE INDEX sessions_by_use ON sessions (last_used);
CREATE INDEX sessions_by_age ON sessions (created_at, id);
CREATE INDEX sessions_of_tenant ON sessions (tenant, created_at, id);
CREATE TABLE tenants (
  tenant TEXT PRIMARY KEY,
  sessions INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER counted AFTER INSERT ON sessions BEGIN
  INSERT INTO tenants VALUES (new.tenant, 1)
    ON CONFLICT DO UPDATE SET sessions = sessions + 1;
END;
CREATE TRIGGER counted_off AFTER DELETE ON sessions BEGIN
  UPDATE tenants SET sessions = sessions - 1 WHERE tenant = old.tenant;
  DELETE FROM tenants WHERE tenant = old.tenant AND sessions = 0;
END;
CREATE TABLE digest_key (key BLOB NOT NULL) STRICT;
INSERT INTO digest_key VALUES (randomblob(32));
CREATE TABLE runs (
  number INTEGER NOT NULL,
  sure_since INTEGER NOT NULL,
  ended_well INTEGER NOT NULL
) STRICT;
INSERT INTO runs VALUES (0, 1, 1);
CREATE TABLE transcripts (
  session INTEGER PRIMARY KEY,
  messages TEXT NOT NULL
) STRICT;
CREATE TRIGGER transcript_of_deleted AFTER DELETE ON sessions BEGIN
  DELETE FROM transcripts WHERE session = old.number;
END;
ALTER TABLE sessions ADD COLUMN chat_upstream TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN chat_account TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN chat_messages INTEGER NOT NULL DEFAULT 0;
CREATE TABLE answers (
  session INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  identity BLOB NOT NULL,
  answer TEXT NOT NULL
) STRICT;
CREATE INDEX answers_by_identity ON answers (owner, identity);
CREATE TRIGGER answer_of_deleted AFTER DELETE ON sessions BEGIN
  DELETE FROM answers WHERE session = old.number;
END;
PRAGMA application_id = 1852140399;
PRAGMA user_version = 3;
)";

/// Three sessions of two tenants: `chat-1` of `alice` is in an AnuNeko chat, and has the answer of
/// its last request; `whole-1` of `alice` is at a server with the OpenAI API, with a call of a tool
/// and a message in parts; `digest-1` of `bob` was kept without texts.
inline constexpr const char* sessions_of_1_0_0 = R"(
UPDATE digest_key SET key = x'0101010101010101010101010101010101010101010101010101010101010101';
UPDATE runs SET number = 3;
INSERT INTO sessions VALUES
  (1, 'chat-1', 'alice', 'mihoyo-orange_cat', 1000000, 5000000, 2,
   CAST('aa00aa00aa00aa00aa00aa00aa00aa00' AS BLOB), 'c-1', 'Orange Cat', 0, '', 3, 'anuneko', 'a-1', 4),
  (2, 'whole-1', 'alice', 'cats/large', 2000000, 6000000, 2,
   CAST('bb00bb00bb00bb00bb00bb00bb00bb00' AS BLOB), '', '', 0, '', 3, 'cats', '', 0),
  (3, 'digest-1', 'bob', 'mihoyo-orange_cat', 3000000, 7000000, 1, x'', 'c-3', 'Orange Cat', 1, 'm-3', 3,
   'anuneko', 'a-1', 2);
INSERT INTO transcripts VALUES
  (1, '[{"role":"system","content":"be kind"},{"role":"user","content":"你好"},{"role":"assistant","content":"喵"},'
      || '{"role":"user","content":"a \"quoted\" word"},{"role":"assistant","content":"meow"}]'),
  (2, '[{"role":"user","content":[{"type":"text","text":"in parts"}]},'
      || '{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function",'
      || '"function":{"name":"f","arguments":"{}"}}]},'
      || '{"role":"tool","tool_call_id":"t1","content":"4"},{"role":"assistant","content":"four"}]');
INSERT INTO answers VALUES
  (1, 'alice', CAST('aa00' || char(10) || '1234567' AS BLOB),
   '{"match":"explicit","reason":"stop","form":"text","told":["meow"],"rest":[]}');
)";

/// Writes a file of sessions as nekod 1.0.0 left it.
inline void write_file_of_1_0_0(const std::string& file) {
  write_file(file, "");
  sqlite::connection db{file, std::chrono::milliseconds{0}};
  db.execute("PRAGMA journal_mode = WAL");
  db.execute(schema_of_1_0_0);
  db.execute(sessions_of_1_0_0);
}

} // namespace nekod::test
