#pragma once

#include "actors/upstream/transport.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/deltas.hpp"

#include <cstddef>
#include <vector>

namespace nekod {

/// One answer's text on its way from a transfer to the session, with the room in the transfer's
/// window that it takes. Bytes that bring no text yet are made room for at once, since an event
/// larger than the window must come in all the same; the text that they were part of takes it.
class answer_flow {
public:
  answer_flow() = default;

  /// Whether some of the answer was passed on.
  bool begun() const noexcept { return begun_; }

  /// Passes on what *bytes* of the body have brought.
  void pass_on(deltas text, std::size_t bytes, transfer& from, upstream_listener& to);

  /// The same for a turn that wants several answers.
  void pass_on(const std::vector<deltas>& texts, std::size_t bytes, transfer& from,
               upstream_listener& to);

private:
  void lend(std::size_t bytes, transfer& from);
  std::size_t take_back(transfer& from);

  bool begun_ = false;
  /// Room made for bytes that came before what is passed on next.
  std::size_t lent_ = 0;
};

} // namespace nekod
