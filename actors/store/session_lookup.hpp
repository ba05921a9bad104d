#pragma once

#include "protocol/sessions/sessions.hpp"

#include <string>
#include <tuple>
#include <utility>

/// The keys by which sessions are looked for, and what is shown of them.
namespace nekod {

/// The conversation of a session, by its digest, within a tenant and a scope.
struct session_tip {
  session_tip() = default;
  session_tip(std::string t, std::string s, std::string d)
      : tenant(std::move(t)), scope(std::move(s)), digest(std::move(d)) {}

  bool operator==(const session_tip&) const = default;
  bool operator<(const session_tip& other) const {
    return std::tie(tenant, scope, digest) < std::tie(other.tenant, other.scope, other.digest);
  }

  std::string tenant;
  std::string scope;
  std::string digest;
};

/// The answer to a request that only shows a session.
struct session_finding {
  session_finding() = default;

  bool found = false;
  session_info info;
};

} // namespace nekod
