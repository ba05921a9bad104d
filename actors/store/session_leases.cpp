#include "actors/store/session_leases.hpp"

namespace nekod {

void session_leases::take(const session_key& session, const session_token& token) {
  release(token);
  drop(session);
  holders_.emplace(session, token);
  sessions_.emplace(token, session);
}

bool session_leases::holds(const session_token& token, const session_key& session) const {
  const auto i = sessions_.find(token);
  return i != sessions_.end() && i->second == session;
}

void session_leases::release(const session_token& token) {
  const auto found = sessions_.extract(token);
  if (!found.empty())
    holders_.erase(found.mapped());
}

void session_leases::drop(const session_key& session) {
  const auto found = holders_.extract(session);
  if (!found.empty())
    sessions_.erase(found.mapped());
}

} // namespace nekod
