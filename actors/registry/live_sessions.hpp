#pragma once

#include "actors/messages.hpp"
#include "actors/session/session_record.hpp"
#include "actors/store/session_lookup.hpp"
#include "protocol/sessions/session_list.hpp"
#include "protocol/sessions/sessions.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod {

/// A session in memory.
struct live_session {
  live_session() = default;

  /// Whether no turn waits for its answer, or is on its way to it.
  bool is_at_rest() const { return has_reported && rested && turns_reported == turns; }

  session_actor handle;
  caf::actor_id actor = 0;
  session_token token;
  /// As in its last report.
  session_info info;
  /// Whether it has reported, which it does once it has read its record, if there is one. Before
  /// that, only the key and the time in *info* are set.
  bool has_reported = false;
  /// The number of turns given to it.
  std::uint64_t turns = 0;
  /// How many of them its last report counts, and whether each of these was answered or failed.
  std::uint64_t turns_reported = 0;
  bool rested = false;
  /// Whether it is being deleted: its actor is ending and its record is about to be removed.
  bool leaving = false;
  /// Its entries in the indexes; empty while it is not in them.
  session_tip tip;
  std::string identity;
};

/// The sessions in memory. They are found by their key, by the tip of their conversation, and by
/// the request that they run or answered last.
///
/// A session is found by its tip or its request only while its last report counts all turns given
/// to it, since a turn on its way changes both. Pure.
class live_sessions {
public:
  // -- to find one -------------------------------------------------------------------------------

  /// The session of that key; null for none.
  const live_session* find(const session_key& key) const;
  bool has(const session_key& key) const { return find(key) != nullptr; }

  /// A session whose conversation has that tip.
  std::optional<session_key> with_tip(const session_tip& tip) const;

  /// Whether the session of that key has answered all its turns, the last one with that response.
  bool rests_after(const session_key& key, const std::string& response) const;

  /// The newest session that is running, or answered last, the tenant's request with that identity.
  std::optional<session_key> with_request(const std::string& tenant,
                                          const std::string& identity) const;

  /// The session of that actor, unless it is being deleted.
  std::optional<session_key> of_actor(caf::actor_id actor) const;

  /// The session that the token holds, unless it is being deleted.
  std::optional<session_key> of_token(const session_token& token) const;

  // -- to change them ----------------------------------------------------------------------------

  /// Adds a session that is not there yet.
  /// @param actor The id of *handle*.
  /// @param token Holds it in the store.
  void add(const session_key& key, session_actor handle, caf::actor_id actor,
           std::chrono::system_clock::time_point now, session_token token = {});

  /// Records that the session of that key gets a turn with that request. The session must exist.
  void give_turn(const session_key& key, const turn& t);

  /// Records that the session of that key gets a change to its conversation, which counts as a
  /// turn.
  void give_edit(const session_key& key);

  /// Updates a session from its report. A report of an unknown session is ignored.
  void take_report(session_report report);

  /// Whether the session with that report may leave memory: no turn is on its way to it, and it is
  /// not being deleted.
  bool may_retire(const session_report& report) const;

  /// Marks the session of that key as being deleted: its name stays taken until `forget`.
  void start_deletion(const session_key& key);

  /// Forgets the session of that key, if it is there.
  void forget(const session_key& key);

  // -- questions about many ----------------------------------------------------------------------

  /// The sessions for a page of a list. Adds to *query* those that have no record yet. Sessions
  /// that have not reported are left out: their records are listed instead.
  live_listing list(session_query& query) const;

  /// The session of that id in that view; null for none. A session counts from its first report
  /// until its deletion begins. Of several the viewer's own is preferred.
  const session_info* show(const std::string& id, const session_view& view) const;

  /// The session with that conversation; null for none. It counts as for `show`.
  const session_info* with_conversation(const conversation_query& query) const;

  /// Those that match *filter* and are not being deleted yet. A session with a turn is not idle,
  /// however long ago the turn began.
  std::vector<session_key> meant_by(const session_filter& filter) const;

  /// Adds to *filter* the sessions that do not match it although their records may.
  void spare(session_filter& filter) const;

  /// The actors of all sessions.
  std::vector<session_actor> actors() const;

private:
  /// A tenant, and the identity of a request.
  using request_key = std::pair<std::string, std::string>;

  void index_tip(live_session& session, session_tip tip);
  void unindex(live_session& session);

  std::map<session_key, live_session> sessions_;
  std::unordered_map<caf::actor_id, session_key> by_actor_;
  std::multimap<session_tip, session_key> by_tip_;
  std::map<request_key, session_key> by_request_;
};

} // namespace nekod
