#pragma once

#include "bench/load/faults.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// One conversation in a server's protocol: makes requests and checks answers. For each turn:
/// `begin_turn`; then `next_request`, `on_body` and `on_end` as long as there is a request.
class dialogue {
public:
  virtual ~dialogue() = default;

  /// Whether it has had all its turns.
  virtual bool over() const = 0;

  virtual void begin_turn() = 0;

  /// The turn's next request as bytes; empty if there is none.
  virtual std::string next_request() = 0;

  /// Whether the newest request is the turn's own, rather than one that prepares or settles it.
  virtual bool is_measured() const = 0;

  /// Takes the next bytes of a response's body.
  /// @returns the number of pieces of text in them, for a streamed answer.
  virtual std::size_t on_body(unsigned status, std::string_view bytes) = 0;

  /// The response is complete.
  /// @returns its fault, if any; the dialogue ends then.
  virtual std::optional<fault> on_end(unsigned status) = 0;
};

} // namespace nekod::load
