#pragma once

#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/response_lookup.hpp"
#include "actors/store/response_record.hpp"

#include <chrono>

/// Responses as queries and rows, as in `session_rows.hpp`. Pure.
namespace nekod::postgres {

query store_response_query(const node_facts& node, const response_record& r);

/// A commit that also stores *r*, unless it is refused.
query commit_with_response(query commit, const node_facts& node, const response_record& r);

// Questions about responses, as of *now*.
query response_query(const response_key& key, std::chrono::system_clock::time_point now);
response_finding response_of(const rows& found, const response_key& key);

/// Stores a response unless there is one with its id: then it returns no row.
query add_response_query(const node_facts& node, const response_record& r);

/// Returns each response, also those that can no longer be seen, as `response_of` reads it and with
/// its tenant and id in the columns 10 and 11, in the order in which they were stored. One that
/// runs is what it is if it is interrupted.
query all_responses();

query chain_rows_query(const chain_query& q, std::chrono::system_clock::time_point now);
response_chain chain_of(const rows& found);

query items_query(const item_query& q, std::chrono::system_clock::time_point now);
item_finding items_of(const rows& found);

query close_query(const session_key& session);

/// Returns one row: whether it could be seen at *now*.
query remove_response_query(const response_key& key, std::chrono::system_clock::time_point now);

} // namespace nekod::postgres
