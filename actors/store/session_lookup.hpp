#pragma once

#include "actors/session/session_record.hpp"
#include "protocol/sessions/sessions.hpp"

#include <string>
#include <tuple>
#include <utility>

/// Questions for one session, and the answers to them.
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

/// The record of a session, if there is one.
struct session_lookup {
  session_lookup() = default;

  bool found = false;
  session_record record;
};

/// The same for a question that only shows the session.
struct session_finding {
  session_finding() = default;

  bool found = false;
  openai::session_info info;
};

} // namespace nekod
