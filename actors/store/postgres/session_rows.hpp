#pragma once

#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"
#include "actors/store/response_lookup.hpp"
#include "actors/store/session_claim.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Sessions as queries and rows: what is asked of the functions in `schema/`, and what they return.
/// The caller gives a query its time limit and its handler. Pure.
namespace nekod::postgres {

/// The facts about a node that all its queries use.
struct node_facts {
  /// A random UUID of this run.
  std::string id;
  /// Whether texts of messages are stored.
  bool keeps_texts = true;
  /// For how long an answer is stored that is not lasting.
  std::chrono::milliseconds answer_age{0};
};

/// A token as it is stored.
std::string token_text(const session_token& token);

/// Reads it; nothing if *text* is no token.
std::optional<session_token> token_of(const std::string& text);

// -- to take and commit --------------------------------------------------------------------------

/// @param released Tokens of this node whose release is under way.
/// @param takes_over Whether what nodes that are gone held may be taken.
query take_query(const node_facts& node, const session_wanted& wanted,
                 const std::vector<std::string>& released, bool takes_over);

/// The outcome of a `take`.
struct take_outcome {
  session_taken taken;
  /// The session is held by another node. Once it is free, that is notified with this key.
  std::optional<std::int64_t> busy;
};

take_outcome taken_of(const rows& found, const session_wanted& wanted);

/// Returns one row with 0, or with 1 if the commit is refused.
/// @param name Names this commit, and no other, so that one that is carried out twice is
/// recognised.
query commit_query(const node_facts& node, const session_commit& c, const std::string& name);

query release_query(const session_token& token);

// -- to look -------------------------------------------------------------------------------------

query show_query(const std::string& id, const session_view& view);
session_finding shown_of(const rows& found);

query page_query(const session_query& q);
session_page page_of(const rows& found, std::size_t limit);

/// Returns each record, as `taken_of` reads it, by age. The chat of one that is held is unsure.
query all_sessions();

query conversation_rows_query(const conversation_query& q);
conversation_finding conversation_of(const rows& found);

// -- to delete -----------------------------------------------------------------------------------

/// Returns one row: whether there was a record.
query remove_query(const node_facts& node, const session_key& session);

/// Returns one row: how many had a record.
/// @param spares_held Whether those stay that another node holds.
query remove_query(const node_facts& node, const std::vector<session_key>& sessions,
                   bool spares_held);

/// Returns one row: how many were deleted. None if another node sweeps.
query sweep_query(const session_expiry& expiry, std::size_t most);

} // namespace nekod::postgres
