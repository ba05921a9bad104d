#pragma once

#include "actors/resumption/answer_name.hpp"
#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"
#include "actors/store/postgres/session_rows.hpp"

#include <string>

/// Queries about the node that keeps an answer for clients that come back, and the rows that they
/// return. As in `session_rows.hpp`, the caller gives a query its time limit and its handler. Pure.
namespace nekod::postgres {

/// Notes that this node keeps the answer.
query announce_answer_query(const node_facts& node, const answer_name& answer);

/// Notes that this node no longer keeps it.
query drop_answer_query(const node_facts& node, const answer_name& answer);

/// Asks for the address of another node that keeps it.
query find_answer_query(const node_facts& node, const answer_name& answer);

/// The address; empty if no other live node keeps the answer.
std::string address_of(const rows& found);

} // namespace nekod::postgres
