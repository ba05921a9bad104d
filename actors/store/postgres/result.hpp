#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct pg_result;

namespace nekod::postgres {

/// The rows that a query returned.
class rows {
public:
  /// Takes ownership of a libpq result, which must have rows or be a command's.
  explicit rows(pg_result* result, bool repeated = false)
      : result_(result, &clear), repeated_(repeated) {}

  std::size_t count() const noexcept;
  bool empty() const noexcept { return count() == 0; }

  /// Whether the query may have been carried out before, on a link that broke: what it was to
  /// delete may be gone because of that.
  bool is_repeated() const noexcept { return repeated_; }

  // A value by the index of its row and of its column. Text is valid as long as the rows.
  bool is_null(std::size_t row, int column) const noexcept;
  /// Empty for NULL.
  std::string_view text(std::size_t row, int column) const noexcept;
  /// 0 for NULL.
  std::int64_t number(std::size_t row, int column) const noexcept;
  bool flag(std::size_t row, int column) const noexcept { return text(row, column) == "t"; }
  std::string bytes(std::size_t row, int column) const;
  std::vector<std::string> array(std::size_t row, int column) const;

private:
  static void clear(pg_result* result) noexcept;

  std::shared_ptr<pg_result> result_;
  bool repeated_;
};

/// Why a query has no result.
struct query_failure {
  /// Whether no server answered, or one that cannot write, or not in time. It may have carried out
  /// the query all the same.
  bool unavailable = false;
  /// For the log. Has no value of any row.
  std::string text;
};

using query_result = std::variant<rows, query_failure>;

} // namespace nekod::postgres
