#pragma once

#include "actors/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace nekod {

/// How many records a store looks at, when it deletes many or expired ones, before it answers other
/// requests.
inline constexpr std::size_t store_step = 50;

/// A running deletion of many sessions.
struct clearing {
  clearing(session_filter f, caf::typed_response_promise<std::uint64_t> p)
      : filter(std::move(f)), promise(std::move(p)) {
    query.view = filter.view;
    query.limit = store_step;
  }

  session_filter filter;
  /// The records that the next step looks at.
  session_query query;
  std::uint64_t deleted = 0;
  caf::typed_response_promise<std::uint64_t> promise;
};

} // namespace nekod
