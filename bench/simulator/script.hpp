#pragma once

#include "bench/simulator/books.hpp"
#include "bench/simulator/reply_events.hpp"
#include "bench/simulator/stories.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace nekod::sim {

/// The events of one reply in a chat.
class script : public reply_events {
public:
  /// @param branches The alternative answers; at least one.
  /// @param named_events Whether events have `event:` lines.
  /// @param finish The finish reason in named events.
  script(const ticket& t, std::vector<story> branches, bool named_events,
         std::string finish = "stop");

  std::size_t size() const noexcept override;
  void append(std::size_t i, std::string& out) const override;

  /// What the peer knows after the first *events* events.
  /// @param whole Whether the reply ended properly after them.
  sent_reply sent(std::size_t events, bool whole) const;

private:
  void append_head(std::size_t i, std::string& out) const;
  void append_piece(std::size_t i, std::string& out) const;
  void append_tail(std::size_t i, std::string& out) const;

  std::string user_id_;
  std::string answer_id_;
  std::vector<story> branches_;
  bool named_events_;
  std::string finish_;
  /// The number of events before, in and after the text.
  std::size_t head_;
  std::size_t pieces_;
  std::size_t tail_;
};

} // namespace nekod::sim
