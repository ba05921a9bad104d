#pragma once

#include "actors/resumption/answer_name.hpp"
#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"
#include "actors/store/postgres/session_rows.hpp"

#include <string>

/// Which node keeps which answer, as queries and rows. Queries have neither an end nor a handler
/// yet. Pure.
namespace nekod::postgres {

/// This node keeps the answer from now on.
query keep_answer_query(const node_facts& node, const answer_name& answer);

/// This node keeps it no more.
query drop_answer_query(const node_facts& node, const answer_name& answer);

/// Asks for the address of another node that keeps it.
query find_answer_query(const node_facts& node, const answer_name& answer);

/// The address; empty if no other node that lives keeps the answer.
std::string address_of(const rows& found);

} // namespace nekod::postgres
