#pragma once

#include "bench/load/faults.hpp"
#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// One conversation in a server's language: what to send, and whether what comes is right. For each
/// turn: `begin_turn`; then `next_request`, `on_body` and `on_end` as often as there is a request.
class dialogue {
public:
  virtual ~dialogue() = default;

  /// Whether it had all its turns.
  virtual bool over() const = 0;

  virtual void begin_turn() = 0;

  /// The turn's next request as bytes; empty where it wants no more.
  virtual std::string next_request() = 0;

  /// Whether the newest request is the turn's own. Others prepare for it or settle what it left.
  virtual bool is_measured() const = 0;

  /// Takes the next bytes of a response's body.
  /// @returns how many pieces of text are in them, for a streamed answer.
  virtual std::size_t on_body(unsigned status, std::string_view bytes) = 0;

  /// The response is complete.
  /// @returns what is wrong with it, if anything; the dialogue cannot go on then.
  virtual std::optional<fault> on_end(unsigned status) = 0;
};

/// Begins one, in the language that *o* names. *o* and *w* must outlive it.
/// @param name Told apart from all others of this and other runs; of characters that need no escape
///             in JSON.
std::unique_ptr<dialogue> make_dialogue(const options& o, const post_writer& w, std::string name);

} // namespace nekod::load
