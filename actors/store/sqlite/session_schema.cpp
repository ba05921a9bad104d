#include "actors/store/sqlite/session_schema.hpp"

#include "actors/store/store_error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace nekod {

namespace {

/// How long to wait for a file in use: a process that is being replaced may still hold it, or
/// somebody is copying it.
constexpr std::chrono::milliseconds lock_patience{5000};

[[noreturn]] void refuse(const std::string& file, const std::string& reason,
                         bool may_pass = false) {
  throw store_error{file + " " + reason, may_pass};
}

/// Whether opening a file may succeed later: there is no room, or no descriptor.
bool may_pass(int reason) {
  return reason == ENOSPC || reason == EDQUOT || reason == EMFILE || reason == ENFILE ||
         reason == ENOMEM || reason == EIO || reason == EINTR || reason == EAGAIN;
}

/// A file's descriptor while the file is examined.
class opened_file {
public:
  explicit opened_file(const std::string& file)
      : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600)) {
    if (descriptor_ < 0)
      refuse(file, "cannot be opened: " + std::generic_category().message(errno), may_pass(errno));
  }
  ~opened_file() { ::close(descriptor_); }

  opened_file(const opened_file&) = delete;
  opened_file& operator=(const opened_file&) = delete;

  int operator*() const noexcept { return descriptor_; }

private:
  int descriptor_;
};

/// Creates *file* if it does not exist, and checks the head of an existing one: SQLite would accept
/// any file of its format, and change it.
void check_head(const std::string& file) {
  opened_file f{file};
  struct stat about {};
  if (::fstat(*f, &about) != 0 || !S_ISREG(about.st_mode))
    refuse(file, "is not a regular file");
  if (about.st_size == 0)
    return;
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  constexpr std::size_t mark_offset = 68;
  std::array<char, 100> head{};
  auto whole = ::pread(*f, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size());
  if (!whole || std::string_view{head.data(), magic.size()} != magic)
    refuse(file, "is damaged, or not a file of nekod's; it was not changed");
  std::int64_t mark = 0;
  for (auto i = mark_offset; i < mark_offset + 4; ++i)
    mark = mark * 256 + static_cast<unsigned char>(head[i]);
  if (mark != session_file_mark)
    refuse(file, "belongs to another program; it was not changed");
}

std::size_t version_of(sqlite::connection& db) {
  return static_cast<std::size_t>(db.number("PRAGMA user_version"));
}

void set_version(sqlite::connection& db, std::size_t version) {
  db.execute("PRAGMA user_version = " + std::to_string(version));
}

/// In one transaction, so that a file is never between two versions. Takes the lock in any case.
void bring_up_to_date(sqlite::connection& db, const std::string& file,
                      const std::vector<std::string>& steps) {
  db.execute("BEGIN IMMEDIATE");
  auto version = version_of(db);
  if (version > steps.size())
    refuse(file, "was written by a newer nekod (version " + std::to_string(version) +
                     "; this one reads up to version " + std::to_string(steps.size()) + ")");
  if (version < steps.size()) {
    for (auto i = version; i < steps.size(); ++i)
      db.execute(steps[i]);
    db.execute("PRAGMA application_id = " + std::to_string(session_file_mark));
    set_version(db, steps.size());
  }
  db.execute("COMMIT");
}

} // namespace

const std::vector<std::string>& session_schema_steps() {
  // Times are microseconds since 1970. Texts have tables of their own, so that a query for sessions
  // need not read them. The number of sessions of each tenant is stored, so that no query counts
  // them. A session's tenant never changes.
  static const std::vector<std::string> steps{
      R"(
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
      )",
      // Older files do not say which account owns a chat: their conversations get a new one.
      R"(
      ALTER TABLE sessions ADD COLUMN chat_upstream TEXT NOT NULL DEFAULT '';
      ALTER TABLE sessions ADD COLUMN chat_account TEXT NOT NULL DEFAULT '';
      )",
      // The owner is the session's tenant, for the index. The number of messages of older chats is
      // unknown.
      R"(
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
      )",
      // Ids belong to their tenant. Scopes and prompts are digests; the prompts of older chats are
      // unknown. Dropping a table also drops its triggers and indexes.
      R"(
      CREATE TABLE sessions_of_tenants (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
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
        run INTEGER NOT NULL,
        chat_upstream TEXT NOT NULL,
        chat_account TEXT NOT NULL,
        chat_messages INTEGER NOT NULL,
        scope TEXT NOT NULL DEFAULT '',
        prompt TEXT,
        UNIQUE (tenant, id)
      ) STRICT;
      INSERT INTO sessions_of_tenants
        SELECT number, id, tenant, model, created_at, last_used, turns, tip, chat_id, chat_model,
          chat_is_new, unsettled_message, run, chat_upstream, chat_account, chat_messages, '', NULL
        FROM sessions;
      DROP TABLE sessions;
      ALTER TABLE sessions_of_tenants RENAME TO sessions;
      CREATE INDEX sessions_by_id ON sessions (id);
      CREATE INDEX sessions_by_tip ON sessions (tenant, scope, tip, last_used) WHERE tip <> x'';
      CREATE INDEX sessions_by_use ON sessions (last_used);
      CREATE INDEX sessions_by_age ON sessions (created_at, id);
      CREATE INDEX sessions_of_tenant ON sessions (tenant, created_at, id);
      CREATE TRIGGER counted AFTER INSERT ON sessions BEGIN
        INSERT INTO tenants VALUES (new.tenant, 1)
          ON CONFLICT DO UPDATE SET sessions = sessions + 1;
      END;
      CREATE TRIGGER counted_off AFTER DELETE ON sessions BEGIN
        UPDATE tenants SET sessions = sessions - 1 WHERE tenant = old.tenant;
        DELETE FROM tenants WHERE tenant = old.tenant AND sessions = 0;
      END;
      CREATE TRIGGER transcript_of_deleted AFTER DELETE ON sessions BEGIN
        DELETE FROM transcripts WHERE session = old.number;
      END;
      CREATE TRIGGER answer_of_deleted AFTER DELETE ON sessions BEGIN
        DELETE FROM answers WHERE session = old.number;
      END;
      )",
      // Requests were identified by the standard library's hash of their body; from here on they
      // are identified by a digest under the file's key. Bodies are not stored, so old identities
      // cannot be recomputed: no request would ever match them, and their answers would only keep
      // text on the disk.
      R"(
      DELETE FROM answers;
      )",
      // Messages are rows of their own, numbered from 0 in their session, so that a turn writes
      // only what it adds. They are clustered by session, because a conversation is read as a
      // whole.
      R"(
      CREATE TABLE messages (
        session INTEGER NOT NULL,
        position INTEGER NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (session, position)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO messages
        SELECT session, row_number() OVER (PARTITION BY session ORDER BY key) - 1, value
        FROM (SELECT session, messages FROM transcripts WHERE json_valid(messages)) AS whole,
          json_each(whole.messages)
        WHERE type = 'object';
      DROP TRIGGER transcript_of_deleted;
      DROP TABLE transcripts;
      CREATE TRIGGER messages_of_deleted AFTER DELETE ON sessions BEGIN
        DELETE FROM messages WHERE session = old.number;
      END;
      )",
      // A commit names the version of the record that it is based on; a new record has version 1.
      R"(
      ALTER TABLE sessions ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
      )",
      // Conversations have ids, which nobody can guess. A session is kept, used or not, for as long
      // as `kept_until` says; it is looked for by that time, or else by its last use.
      R"(
      ALTER TABLE sessions ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
      ALTER TABLE sessions ADD COLUMN newest_response TEXT NOT NULL DEFAULT '';
      ALTER TABLE sessions ADD COLUMN kept_until INTEGER;
      ALTER TABLE sessions ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
      UPDATE sessions SET conversation = lower(hex(randomblob(24)));
      CREATE INDEX sessions_by_conversation ON sessions (tenant, conversation)
        WHERE conversation <> '';
      DROP INDEX sessions_by_use;
      CREATE INDEX sessions_by_use ON sessions (last_used) WHERE kept_until IS NULL;
      CREATE INDEX sessions_by_end ON sessions (kept_until) WHERE kept_until IS NOT NULL;
      ALTER TABLE messages ADD COLUMN items TEXT NOT NULL DEFAULT '';
      )",
      // A response has the row of its parent, if it was kept when the response was stored, and
      // counts its followers. Those without followers go once they have expired, so that a parent
      // is looked at when its last follower is gone. The owner of an item is its response's tenant,
      // for the index. A response's tenant never changes.
      R"(
      CREATE TABLE responses (
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        session TEXT NOT NULL,
        parent TEXT NOT NULL,
        parent_number INTEGER,
        followers INTEGER NOT NULL DEFAULT 0,
        state INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        UNIQUE (tenant, id)
      ) STRICT;
      CREATE INDEX responses_of_session ON responses (tenant, session);
      CREATE INDEX responses_by_end ON responses (expires_at) WHERE followers = 0;
      CREATE INDEX responses_running ON responses (number) WHERE state = 0;
      CREATE TABLE response_objects (
        response INTEGER PRIMARY KEY,
        object TEXT NOT NULL,
        interrupted TEXT NOT NULL
      ) STRICT;
      CREATE TABLE response_items (
        response INTEGER NOT NULL,
        position INTEGER NOT NULL,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        is_output INTEGER NOT NULL,
        item TEXT NOT NULL,
        PRIMARY KEY (response, position)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX response_items_by_id ON response_items (owner, id);
      CREATE TRIGGER followed AFTER INSERT ON responses WHEN new.parent_number IS NOT NULL BEGIN
        UPDATE responses SET followers = followers + 1 WHERE number = new.parent_number;
      END;
      CREATE TRIGGER followed_instead AFTER UPDATE OF parent_number ON responses
      WHEN new.parent_number IS NOT old.parent_number BEGIN
        UPDATE responses SET followers = followers - 1 WHERE number = old.parent_number;
        UPDATE responses SET followers = followers + 1 WHERE number = new.parent_number;
      END;
      CREATE TRIGGER response_deleted AFTER DELETE ON responses BEGIN
        UPDATE responses SET followers = followers - 1 WHERE number = old.parent_number;
        DELETE FROM response_objects WHERE response = old.number;
        DELETE FROM response_items WHERE response = old.number;
      END;
      )",
  };
  return steps;
}

sqlite::connection open_session_file(const std::string& file,
                                     const std::vector<std::string>& steps) {
  check_head(file);
  try {
    // An absolute path is never taken for a URI.
    sqlite::connection db{std::filesystem::absolute(file).string(), lock_patience};
    // Deleted data is overwritten. The lock is kept until the end, so that SQLite needs no shared
    // memory. Pages that are written repeatedly go to the file itself only once for many batches.
    db.execute("PRAGMA locking_mode = EXCLUSIVE;"
               "PRAGMA synchronous = FULL;"
               "PRAGMA secure_delete = ON;"
               "PRAGMA cache_size = -8192;"
               "PRAGMA journal_size_limit = 16777216;"
               "PRAGMA wal_autocheckpoint = 4000;"
               "PRAGMA trusted_schema = OFF");
    bring_up_to_date(db, file, steps);
    db.execute("PRAGMA journal_mode = WAL");
    return db;
  } catch (const sqlite::error& e) {
    if (e.is_busy())
      refuse(file, "is in use by another process", true);
    refuse(file, std::string{"cannot be used: "} + e.what(), e.may_pass());
  }
}

} // namespace nekod
