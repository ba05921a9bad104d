#include "actors/store/postgres/address.hpp"

#include <libpq-fe.h>

#include <memory>

namespace nekod::postgres {

namespace {

constexpr std::string_view service_prefix = "postgres:service=";

struct freer {
  void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
  void operator()(char* text) const noexcept { PQfreemem(text); }
};

/// What libpq reads.
std::string connection_text(const std::string& store) {
  return store.starts_with(service_prefix) ? store.substr(store.find(':') + 1) : store;
}

} // namespace

bool is_address(std::string_view store) {
  return store.starts_with("postgres://") || store.starts_with("postgresql://") ||
         (store.starts_with(service_prefix) && store.size() > service_prefix.size());
}

std::string problem_of(const std::string& store) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, freer> options{
      PQconninfoParse(connection_text(store).c_str(), &message)};
  const std::unique_ptr<char, freer> owned{message};
  // libpq's message may quote the text, and a password with it.
  if (!options)
    return "is not a connection URI of PostgreSQL";
  for (auto* o = options.get(); o->keyword; ++o)
    if (std::string_view{o->keyword} == "password" && o->val)
      return "must not contain a password, which the list of processes would show; use a password "
             "file (PGPASSFILE), a service file (postgres:service=NAME) or PGPASSWORD";
  return {};
}

std::vector<std::pair<std::string, std::string>> parameters_of(const std::string& store) {
  return {
      {"fallback_application_name", "nekod"},
      {"connect_timeout", "5"},
      // Its negotiation blocks.
      {"gssencmode", "disable"},
      // A standby has no sessions to take.
      {"target_session_attrs", "read-write"},
      {"keepalives_idle", "30"},
      {"tcp_user_timeout", "10000"},
      {"client_encoding", "UTF8"},
      {"dbname", connection_text(store)},
  };
}

} // namespace nekod::postgres
