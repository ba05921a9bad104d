#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// A thin cover over SQLite: handles that close themselves, and failures that throw. For those few
/// files that know tables.
namespace nekod::sqlite {

/// What SQLite said no to. Its text holds no value of any row.
class error : public std::runtime_error {
public:
  /// @param code SQLite's extended result code.
  /// @param reason The system's error number, 0 where SQLite has none.
  error(int code, int reason, const std::string& text)
      : std::runtime_error(text), code_(code), reason_(reason) {}

  /// Whether another process holds the file.
  bool is_busy() const noexcept;

  /// Whether the same call may succeed some time later, though nobody mends the file: the disk is
  /// full or fails, another process holds the file, there is no memory or no descriptor.
  bool may_pass() const noexcept;

private:
  int code_;
  int reason_;
};

/// Bytes that are no text.
struct blob {
  std::string_view bytes;
};

/// Text, or NULL.
struct nullable {
  const std::optional<std::string>& text;
};

/// The rows of a statement that runs; it can run again after their end.
class rows {
public:
  explicit rows(sqlite3_stmt& statement) : statement_(statement) {}
  ~rows();

  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;

  /// Goes to the next row; false where there is none.
  bool next();

  // Of the current row. Text and bytes are valid until the next one.
  std::int64_t number(int column) const;
  std::string_view text(int column) const;
  bool is_null(int column) const;

private:
  sqlite3_stmt& statement_;
};

/// A prepared statement.
class statement {
public:
  statement(sqlite3& db, std::string_view sql);

  /// Runs with these values in its places; they are not copied, and outlive the rows.
  template <class... Ts>
  rows operator()(const Ts&... values) const {
    auto place = 0;
    (bind(++place, values), ...);
    return rows{*statement_};
  }

  /// Runs to its end.
  template <class... Ts>
  void run(const Ts&... values) const {
    auto all = (*this)(values...);
    while (all.next()) {
    }
  }

private:
  struct finalizer {
    void operator()(sqlite3_stmt* s) const noexcept;
  };

  void bind(int place, std::int64_t value) const;
  void bind(int place, std::string_view value) const;
  void bind(int place, blob value) const;
  void bind(int place, nullable value) const;

  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
};

/// An open file. For one thread at a time.
class connection {
public:
  /// Opens a file that is there, by its absolute path.
  /// @param patience How long another process's lock is waited for.
  connection(const std::string& file, std::chrono::milliseconds patience);

  /// Runs statements without values.
  void execute(const std::string& sql);

  /// The number that a query answers.
  std::int64_t number(std::string_view sql);

  statement prepare(std::string_view sql) { return {*db_, sql}; }

  bool in_transaction() const noexcept;

  /// Rows that the last statement wrote.
  std::size_t changed() const noexcept;

  /// The key of the row that was added last.
  std::int64_t last_row() const noexcept;

private:
  struct closer {
    void operator()(sqlite3* db) const noexcept;
  };

  std::unique_ptr<sqlite3, closer> db_;
};

} // namespace nekod::sqlite
