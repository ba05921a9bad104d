#pragma once

#include "actors/runtime/limit_charge.hpp"
#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"

/// Charges as queries and rows. Queries have neither an end nor a handler yet. Pure.
namespace nekod::postgres {

/// Charges, and asks for the verdict. If it is carried out twice, because its link broke, it
/// charges twice: a caller then has less than its limit, never more.
query charge_query(const limit_charge& c);

limit_verdict verdict_of(const rows& found);

/// Forgets buckets that are full.
query sweep_buckets_query();

} // namespace nekod::postgres
