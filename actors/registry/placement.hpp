#pragma once

#include "actors/registry/live_sessions.hpp"
#include "actors/registry/pending_turn.hpp"
#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/store/session_claim.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// The settings of a placement.
struct placement_options {
  placement_options() = default;

  std::shared_ptr<const conversation_digest> digest;
  /// Whether a conversation is recognised if its client names no session.
  bool matching = true;
  /// Whether the store keeps all answers, those of new conversations included.
  bool shared = false;
  /// One less than the most requests that may wait for an equal one.
  std::size_t queue = 16;
};

/// The turn goes to this session, which is in memory, or in the store, or is new under this name.
struct joins_session {
  pending_turn turn;
  session_key session;
  /// The session as the store returned it, if it was taken for this turn.
  std::optional<session_taken> taken;
};

/// The turn goes to a new session, whose id nekod chooses.
struct begins_session {
  pending_turn turn;
  /// Holds a session in the store that does not take the turn after all.
  std::optional<session_token> unused;
  /// The token under which the store knows that the request is being answered, if it was asked.
  std::optional<session_token> token;
};

/// Ask the store whether the request's `X-Session-Id` names a session of the tenant. The answer
/// goes to `placement::named`.
struct asks_name {
  pending_turn turn;
};

/// Take a session from the store. The result goes to `placement::taken`.
struct takes_session {
  pending_turn turn;
  /// Without a token.
  session_wanted wanted;
};

/// The turn waits until the request that it may repeat, or that follows the same session, has its
/// session.
struct waits_for_other {};

/// The turn is refused.
struct refused_turn {
  pending_turn turn;
  chat::failure reason;
};

/// The next step for a turn on the way to its session.
using placement_step = std::variant<joins_session, begins_session, asks_name, takes_session,
                                    waits_for_other, refused_turn>;

/// Decides which session takes a turn. The first rule that applies counts:
///
/// 1. for a request that follows a response, the session that has the same request already; or the
///    session that answered that response, if it rests and has gone no further; else a new one, so
///    that the conversation branches;
/// 2. the session of the conversation that the request's path or body names, or of its
///    `X-Session-Id`, if there is one of that name; any other `X-Session-Id` is a scope, outside of
///    which nothing below is found;
/// 3. for a request that may repeat an earlier one, the session that has that one;
/// 4. the session whose conversation so far equals the request's messages before its new part;
/// 5. a new session.
///
/// Rules 1, 3 and 4 look at the sessions in memory, then in the store. If a session has come into
/// memory meanwhile, what the store found is out of date, and is ignored. Pure: `place`, `named`
/// and `taken` only return the next step. Once a turn has its session, or has failed,
/// `take_waiting_for` returns the requests that waited for it.
class placement {
public:
  /// @param live Outlives the placement.
  placement(const live_sessions& live, placement_options options);

  /// Starts with a turn whose request, tenant and model are known. The placement sets the name,
  /// scope, identity, digests and match of the turn.
  placement_step place(pending_turn t);

  /// Continues with a turn that waited for an equal one, which has its session now.
  placement_step place_by_identity(pending_turn t);

  /// Continues after the store has answered whether there is a session with the header's name.
  placement_step named(asks_name asked, const session_finding& found);

  /// Continues after the store has returned a session, or has found none.
  placement_step taken(takes_session asked, session_taken taken);

  /// Removes and returns the turns that waited for one that has its session, or has failed: those
  /// that may repeat it, and those that follow the same session.
  std::vector<pending_turn> take_waiting_for(const std::string& tenant,
                                             const std::string& identity);

  /// Removes and returns all turns that wait for an equal one.
  std::vector<pending_turn> take_all_waiting();

private:
  /// A tenant, and the identity of a request.
  using request_key = std::pair<std::string, std::string>;

  placement_step name_or_search(pending_turn t);
  placement_step repeat(pending_turn t);
  placement_step search(pending_turn t, earlier_answer answer);
  placement_step go_on(pending_turn t);
  placement_step follow(pending_turn t);
  placement_step followed(pending_turn t, session_taken taken);
  std::optional<session_tip> tip_of(const pending_turn& t) const;
  placement_step begin(pending_turn t);
  placement_step wait_for(const request_key& first, pending_turn t);
  void explain_scopes();

  const live_sessions& live_;
  placement_options options_;
  /// Requests about which the store is being asked, with those that may repeat them.
  std::map<request_key, std::vector<pending_turn>> waiting_;
  /// Sessions that the store is asked for, for a request that follows a response of theirs. Another
  /// take of such a session would end the hold of the first.
  std::map<session_key, request_key> followed_;
  bool explained_scopes_ = false;
};

} // namespace nekod
