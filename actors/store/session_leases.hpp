#pragma once

#include "actors/store/session_claim.hpp"
#include "protocol/sessions/session_list.hpp"

#include <map>

namespace nekod {

/// The holders of sessions, for a store that one run of nekod has for itself. That run gives a
/// session to one actor at a time, so a new token takes over from an older one, whose commits are
/// refused from then on. Pure.
class session_leases {
public:
  /// Makes *token* the only holder of the session.
  void take(const session_key& session, const session_token& token);

  bool is_held(const session_key& session) const { return holders_.contains(session); }

  bool holds(const session_token& token, const session_key& session) const;

  /// Ends the hold of *token*, if it has one.
  void release(const session_token& token);

  /// Ends any hold, because the session was deleted.
  void drop(const session_key& session);

private:
  std::map<session_key, session_token> holders_;
  std::map<session_token, session_key> sessions_;
};

} // namespace nekod
