#include "actors/store/postgres/result.hpp"

#include "actors/store/postgres/value_text.hpp"

#include <libpq-fe.h>

#include <charconv>

namespace nekod::postgres {

void rows::clear(pg_result* result) noexcept { PQclear(result); }

std::size_t rows::count() const noexcept {
  return static_cast<std::size_t>(PQntuples(result_.get()));
}

bool rows::is_null(std::size_t row, int column) const noexcept {
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

std::string_view rows::text(std::size_t row, int column) const noexcept {
  const auto r = static_cast<int>(row);
  return {PQgetvalue(result_.get(), r, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), r, column))};
}

std::int64_t rows::number(std::size_t row, int column) const noexcept {
  std::int64_t number = 0;
  const auto written = text(row, column);
  std::from_chars(written.data(), written.data() + written.size(), number);
  return number;
}

std::string rows::bytes(std::size_t row, int column) const {
  return parse_bytes(text(row, column));
}

std::vector<std::string> rows::array(std::size_t row, int column) const {
  return parse_array(text(row, column)).value_or(std::vector<std::string>{});
}

} // namespace nekod::postgres
