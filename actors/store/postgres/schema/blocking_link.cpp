#include "actors/store/postgres/schema/blocking_link.hpp"

#include "actors/store/postgres/address.hpp"
#include "actors/store/store_error.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <vector>

namespace nekod::postgres {

namespace {

std::string message_of(PGconn* connection) {
  std::string text = connection ? PQerrorMessage(connection) : "no memory";
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

} // namespace

void blocking_link::closer::operator()(pg_conn* c) const noexcept { PQfinish(c); }

blocking_link::blocking_link(const std::string& address) {
  const auto parameters = parameters_of(address);
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    throw store_error{message_of(connection_.get()), true};
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

rows blocking_link::ask(const std::string& sql) {
  return rows_of(PQexec(connection_.get(), sql.c_str()));
}

rows blocking_link::ask(const query& q) {
  std::vector<const char*> values;
  for (const auto& value : q.values)
    values.push_back(value ? value->c_str() : nullptr);
  return rows_of(PQexecParams(connection_.get(), q.sql.c_str(), static_cast<int>(values.size()),
                              nullptr, values.data(), nullptr, nullptr, 0));
}

rows blocking_link::rows_of(pg_result* result) {
  const auto status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
    return rows{result};
  PQclear(result);
  const auto lost = PQstatus(connection_.get()) != CONNECTION_OK;
  throw store_error{message_of(connection_.get()), lost};
}

} // namespace nekod::postgres
