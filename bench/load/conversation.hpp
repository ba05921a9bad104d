#pragma once

#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::load {

/// *text* with `{conversation}` and `{turn}` in it replaced.
std::string filled_in(std::string_view text, std::string_view conversation, std::uint64_t turn);

/// The client's side of one conversation: the requests of its turns.
class conversation {
public:
  /// @param o Must outlive this, like *w*.
  /// @param name Unique in this and other runs; made of characters that need no escape in JSON.
  conversation(const options& o, const post_writer& w, std::string name);

  /// Begins the next turn.
  /// @returns its request as bytes.
  std::string next_turn();

  /// The answer to the turn has arrived.
  /// @param escaped Its text, escaped as in JSON.
  /// @param id The id by which later turns refer to it; empty for none.
  void answered(std::string_view escaped, std::string id = {});

  /// The text that the answer to this turn must contain.
  std::string expected_text() const;

  /// Whether it has had all its turns.
  bool over() const noexcept { return options_.turns != 0 && turn_ >= options_.turns; }

private:
  std::string body() const;
  void append_message(std::string_view role, std::string_view escaped);

  const options& options_;
  const post_writer& writer_;
  std::string name_;
  std::uint64_t turn_ = 0;
  std::string previous_;
  /// The messages to send, as JSON.
  std::string messages_;
};

} // namespace nekod::load
