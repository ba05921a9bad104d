#pragma once

#include "actors/session/turn_readers.hpp"
#include "actors/turn.hpp"
#include "protocol/chat/failure.hpp"

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// The error for a turn that a session cannot take now, but may soon.
chat::failure busy_session();

/// The error for a turn that belongs to another conversation, or came for an answer that is not
/// there.
chat::failure refusal_of_foreign(const chat::request& r);

/// A turn that was asked for, and the replies that its answer goes to.
struct asked_turn {
  asked_turn(turn t, turn_readers r) : what(std::move(t)), readers(std::move(r)) {}

  turn what;
  turn_readers readers;
};

/// The turns of a session that wait, in the order in which they came. Pure.
class turn_queue {
public:
  /// @param limit How many may wait while one runs.
  explicit turn_queue(std::size_t limit) : limit_(limit) {}

  /// Whether one more may wait.
  /// @param runs Whether a turn runs. If none does, the first that waits is about to.
  bool has_room(bool runs) const noexcept { return all_.size() < limit_ + (runs ? 0 : 1); }

  bool empty() const noexcept { return all_.empty(); }
  void push(asked_turn t) { all_.push_back(std::move(t)); }

  /// Takes the first turn out; nothing if none waits.
  std::optional<asked_turn> pop();

  /// Takes all turns out.
  std::vector<asked_turn> take_all();

  /// The turn with that identity; null if none waits. Valid until the queue changes.
  asked_turn* find(const std::string& identity);

  /// A reply ended. Drops the turns that had no other.
  /// @returns how many.
  std::size_t remove_reader(const caf::actor_addr& reply);

private:
  std::size_t limit_;
  /// Takes no memory while it is empty, as it mostly is.
  std::list<asked_turn> all_;
};

} // namespace nekod
