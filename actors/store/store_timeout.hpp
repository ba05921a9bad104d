#pragma once

#include <chrono>

namespace nekod {

/// How long a STORE may take to answer, except for deletions of many. One that is silent for longer
/// counts as failed: clients get 503 `store_unavailable`.
inline constexpr std::chrono::seconds store_timeout{10};

/// The same for a deletion of many, which it does in steps, between which it answers other
/// requests.
inline constexpr std::chrono::minutes clear_timeout{30};

} // namespace nekod
