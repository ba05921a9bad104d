#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The address of a PostgreSQL server: a connection URI of libpq (manual, 34.1.1.2 "Connection
/// URIs"), or `postgres:service=NAME` for an entry of its connection service file.
namespace nekod::postgres {

/// Whether *store*, a value of `--store`, names a PostgreSQL server.
bool is_address(std::string_view store);

/// Why *store* cannot be used; empty if it can. A password has no place in it, since it would be
/// seen in the list of processes: libpq finds it in a password file, a service file, or PGPASSWORD.
std::string problem_of(const std::string& store);

/// The parameters of a connection for libpq: its keywords and values, of which the last ones count,
/// with nekod's defaults for what *store* does not say.
std::vector<std::pair<std::string, std::string>> parameters_of(const std::string& store);

/// A host of an address, and its port; empty for the default.
struct named_host {
  std::string name;
  std::string port;
};

/// The hosts of an address, in their order, if one of them has a name that has to be resolved,
/// which libpq would block for; or if there are several, of which libpq waits for a silent one
/// without limit. None if there is one address, or a socket, or they are named elsewhere, such as
/// in a service file.
std::vector<named_host> names_in(const std::string& store);

} // namespace nekod::postgres
