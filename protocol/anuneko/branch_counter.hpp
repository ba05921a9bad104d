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
/// A `start` event says it, and so does a piece of an only answer. Otherwise it is known once a
/// branch sends its second piece: by then each branch has sent one. The number is an estimate: a
/// branch may still stay silent.
class branch_counter {
public:
  branch_counter() = default;

  /// Takes the next bytes; ignores them once the number is known.
  void feed(std::string_view bytes);

  /// At least 1; empty until it is known.
  std::optional<std::size_t> count() const noexcept { return count_; }

private:
  void take(const sse::item& item);
  void take_pieces(const json::value& pieces);

  sse::parser parser_;
  /// Branches that have sent text.
  std::set<std::int64_t> heard_;
  std::optional<std::size_t> count_;
};

} // namespace nekod::anuneko
