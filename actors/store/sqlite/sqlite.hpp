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

/// A thin layer over SQLite: handles that close themselves, and failures that throw. For the few
/// files that know tables.
namespace nekod::sqlite {

/// A failure of SQLite. Its text contains no value of any row.
class error : public std::runtime_error {
public:
  /// @param code SQLite's extended result code.
  /// @param reason The system's error number; 0 if SQLite has none.
  error(int code, int reason, const std::string& text)
      : std::runtime_error(text), code_(code), reason_(reason) {}

  /// Whether another process holds the file.
  bool is_busy() const noexcept;

  /// Whether the same call may succeed later without anybody repairing the file: the disk is full
  /// or fails, another process holds the file, or there is no memory or descriptor.
  bool may_pass() const noexcept;

private:
  int code_;
  int reason_;
};

/// Bytes that are not text.
struct blob {
  std::string_view bytes;
};

/// Text, or NULL.
struct nullable {
  const std::optional<std::string>& text;
};

/// The rows of a running statement; it can run again once they are destroyed.
class rows {
public:
  explicit rows(sqlite3_stmt& statement) : statement_(statement) {}
  ~rows();

  rows(const rows&) = delete;
  rows& operator=(const rows&) = delete;

  /// Moves to the next row; false if there is none.
  bool next();

  // The columns of the current row. Text and bytes are valid until the next row.
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

  /// Runs with these values as parameters; they are not copied and must outlive the rows.
  template <class... Ts>
  rows operator()(const Ts&... values) const {
    auto parameter = 0;
    (bind(++parameter, values), ...);
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

  void bind(int parameter, std::int64_t value) const;
  void bind(int parameter, std::string_view value) const;
  void bind(int parameter, blob value) const;
  void bind(int parameter, nullable value) const;
  void bind(int parameter, const std::optional<std::int64_t>& value) const;
  void bind_null(int parameter) const;

  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
};

/// An open file. To be used on one thread at a time.
class connection {
public:
  /// Opens an existing file by its absolute path.
  /// @param patience How long to wait for another process's lock.
  connection(const std::string& file, std::chrono::milliseconds patience);

  /// Runs statements without values.
  void execute(const std::string& sql);

  /// The number that a query returns.
  std::int64_t number(std::string_view sql);

  statement prepare(std::string_view sql) { return {*db_, sql}; }

  bool in_transaction() const noexcept;

  /// The number of rows that the last statement changed.
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
