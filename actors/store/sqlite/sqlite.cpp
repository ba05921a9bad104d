#include "actors/store/sqlite/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace nekod::sqlite {

namespace {

/// SQLite's text for the last failure, with its code if that says more, and the system's text if
/// there is one.
[[noreturn]] void fail(sqlite3* db) {
  std::string text = sqlite3_errmsg(db);
  auto code = sqlite3_errcode(db);
  auto extended = sqlite3_extended_errcode(db);
  if (extended != code)
    text += ", code " + std::to_string(extended);
  auto reason = sqlite3_system_errno(db);
  if (reason != 0)
    text += ": " + std::generic_category().message(reason);
  throw error{extended, reason, text};
}

[[noreturn]] void fail(sqlite3_stmt* statement) { fail(sqlite3_db_handle(statement)); }

/// Never null, which would be bound as NULL.
const char* data_of(std::string_view text) { return text.empty() ? "" : text.data(); }

} // namespace

bool error::is_busy() const noexcept {
  const auto primary = code_ & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

bool error::may_pass() const noexcept {
  switch (code_ & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_FULL:
  case SQLITE_NOMEM:
  case SQLITE_PROTOCOL:
    return true;
  case SQLITE_IOERR:
    return code_ != SQLITE_IOERR_SHORT_READ; // The file itself is too short.
  case SQLITE_CANTOPEN:
    return reason_ == EMFILE || reason_ == ENFILE || reason_ == ENOMEM || reason_ == ENOSPC ||
           reason_ == EIO;
  default:
    return false;
  }
}

// -- rows ----------------------------------------------------------------------------------------

rows::~rows() {
  sqlite3_reset(&statement_);
  sqlite3_clear_bindings(&statement_);
}

bool rows::next() {
  auto outcome = sqlite3_step(&statement_);
  if (outcome != SQLITE_ROW && outcome != SQLITE_DONE)
    fail(&statement_);
  return outcome == SQLITE_ROW;
}

std::int64_t rows::number(int column) const { return sqlite3_column_int64(&statement_, column); }

bool rows::is_null(int column) const {
  return sqlite3_column_type(&statement_, column) == SQLITE_NULL;
}

std::string_view rows::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(&statement_, column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(&statement_, column));
  return bytes == nullptr ? std::string_view{} : std::string_view{bytes, size};
}

// -- statement -----------------------------------------------------------------------------------

statement::statement(sqlite3& db, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  auto outcome = sqlite3_prepare_v3(&db, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  statement_.reset(raw);
  if (outcome != SQLITE_OK)
    fail(&db);
}

void statement::finalizer::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

void statement::bind(int parameter, std::int64_t value) const {
  if (sqlite3_bind_int64(statement_.get(), parameter, value) != SQLITE_OK)
    fail(statement_.get());
}

void statement::bind(int parameter, std::string_view value) const {
  auto* s = statement_.get();
  if (sqlite3_bind_text64(s, parameter, data_of(value), value.size(), nullptr, SQLITE_UTF8) !=
      SQLITE_OK)
    fail(s);
}

void statement::bind(int parameter, nullable value) const {
  if (value.text)
    bind(parameter, std::string_view{*value.text});
  else
    bind_null(parameter);
}

void statement::bind(int parameter, const std::optional<std::int64_t>& value) const {
  if (value)
    bind(parameter, *value);
  else
    bind_null(parameter);
}

void statement::bind_null(int parameter) const {
  if (sqlite3_bind_null(statement_.get(), parameter) != SQLITE_OK)
    fail(statement_.get());
}

void statement::bind(int parameter, blob value) const {
  auto* s = statement_.get();
  if (sqlite3_bind_blob64(s, parameter, data_of(value.bytes), value.bytes.size(), nullptr) !=
      SQLITE_OK)
    fail(s);
}

// -- connection ----------------------------------------------------------------------------------

connection::connection(const std::string& file, std::chrono::milliseconds patience) {
  sqlite3* raw = nullptr;
  auto outcome =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(raw);
  if (outcome != SQLITE_OK)
    fail(raw);
  sqlite3_busy_timeout(raw, static_cast<int>(patience.count()));
}

void connection::closer::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

void connection::execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail(db_.get());
}

std::int64_t connection::number(std::string_view sql) {
  auto query = prepare(sql);
  auto answer = query();
  answer.next();
  return answer.number(0);
}

bool connection::in_transaction() const noexcept { return sqlite3_get_autocommit(db_.get()) == 0; }

std::size_t connection::changed() const noexcept {
  return static_cast<std::size_t>(sqlite3_changes64(db_.get()));
}

std::int64_t connection::last_row() const noexcept { return sqlite3_last_insert_rowid(db_.get()); }

} // namespace nekod::sqlite
