#pragma once

#include "protocol/text/json.hpp"
#include "protocol/text/sse.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

namespace nekod::anuneko {

/// Finds out early how many alternative answers ("branches") a reply to `post_message` has, from
/// any split of its bytes.
///
/// A `start` event says it; so does a piece of the only answer. Where there is neither, it is known
/// as soon as a branch speaks again: each has spoken by then. What it says is not sure: a branch
/// may yet stay silent.
class branch_counter {
public:
  branch_counter() = default;

  /// Takes the next bytes; none are looked at once the number is known.
  void feed(std::string_view bytes);

  /// At least 1; empty until it is known.
  std::optional<std::size_t> count() const noexcept { return count_; }

private:
  void take(const sse::item& item);
  void take_pieces(const json::value& pieces);

  sse::parser parser_;
  /// Branches that have spoken.
  std::set<std::int64_t> heard_;
  std::optional<std::size_t> count_;
};

} // namespace nekod::anuneko
