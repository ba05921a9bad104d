#include "actors/store/postgres/address.hpp"

#include <asio/ip/address.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace nekod::postgres {

namespace {

constexpr std::string_view service_prefix = "postgres:service=";

struct freer {
  void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
  void operator()(char* text) const noexcept { PQfreemem(text); }
};

/// The parts between commas; none of an empty text.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// The text for libpq: a connection URI, or `service=NAME`.
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

std::vector<named_host> names_in(const std::string& store) {
  const std::unique_ptr<PQconninfoOption, freer> options{
      PQconninfoParse(connection_text(store).c_str(), nullptr)};
  std::string hosts;
  std::string ports;
  for (auto* o = options.get(); o && o->keyword; ++o) {
    const std::string_view keyword{o->keyword};
    if (keyword == "hostaddr" && o->val)
      return {};
    if (keyword == "host" && o->val)
      hosts = o->val;
    if (keyword == "port" && o->val)
      ports = o->val;
  }
  std::vector<named_host> result;
  const auto each_host = split(hosts);
  const auto each_port = split(ports);
  for (std::size_t i = 0; i < each_host.size(); ++i) {
    // One port is for all hosts.
    const auto port = each_port.size() == 1 ? 0 : i;
    result.push_back({each_host[i], port < each_port.size() ? each_port[port] : std::string{}});
  }
  const auto is_name = [](const named_host& h) {
    asio::error_code e;
    asio::ip::make_address(h.name, e);
    return e && !h.name.empty() && h.name.front() != '/' && h.name.front() != '@';
  };
  const auto is_on_network = [&](const named_host& h) {
    asio::error_code e;
    asio::ip::make_address(h.name, e);
    return !e;
  };
  const auto has_name = std::ranges::any_of(result, is_name);
  const auto are_several = result.size() > 1 && std::ranges::all_of(result, is_on_network);
  return has_name || are_several ? result : std::vector<named_host>{};
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
