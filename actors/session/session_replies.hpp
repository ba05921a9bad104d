#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/session/turn_readers.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace nekod {

/// Sends a session's messages to replies.
class session_replies {
public:
  session_replies(private_session_actor::pointer self, std::shared_ptr<metrics> counts);

  /// Monitors the reply: the session is told when it ends, even if it has ended already.
  void watch(const reply_actor& reply) { self_->monitor(reply); }

  /// Tells the reply to read the answer in *head* from its beginning.
  void begin(const reply_actor& reply, turn_head head);

  /// The answer is whole and committed.
  void finish(const turn_readers& readers, const chat::answer_end& end);

  /// There will be no answer, or no more of it.
  void fail(const turn_readers& readers, const chat::failure& reason);

  /// The same, and counts it.
  /// @param turns As how many turns it counts.
  void fail_counted(const turn_readers& readers, turn_outcome outcome, const chat::failure& reason,
                    double turns = 1);

private:
  private_session_actor::pointer self_;
  std::shared_ptr<metrics> counts_;
};

} // namespace nekod
