#pragma once

#include "actors/session/conversation/conversation_edit.hpp"
#include "actors/session/conversation/conversation_owner.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/session/session_status.hpp"
#include "actors/session/stored_record.hpp"
#include "actors/session/upstream_link.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace nekod {

/// The changes to a session's conversation that are not turns. One is made while the session rests;
/// while turns are answered or wait it is refused. Those that come while the record is being read,
/// or while a turn whose client has its answer is settled, wait for that.
class session_edits {
public:
  /// @param parts The session's; they must outlive this.
  /// @param settled Called when a change has been made, or has failed.
  session_edits(private_session_actor::pointer self, recorded_parts parts, stored_record& stored,
                std::function<void()> settled)
      : self_(self), parts_(parts), stored_(stored), settled_(std::move(settled)) {}

  /// Makes a change, or refuses it.
  /// @param any_waits Whether turns wait.
  caf::result<edit_outcome> take(conversation_edit e, bool any_waits);

  /// Whether changes wait.
  bool any_waits() const noexcept { return !waiting_.empty(); }

  /// Whether changes wait, or are being written.
  bool any_under_way() const noexcept { return any_waits() || writing_ > 0; }

  /// The session rests: makes the changes that wait.
  void make_waiting();

  /// The record could not be read.
  void refuse_waiting(const chat::failure& reason);

private:
  using promise = caf::typed_response_promise<edit_outcome>;

  void make(conversation_edit e, promise p);

  private_session_actor::pointer self_;
  recorded_parts parts_;
  stored_record& stored_;
  std::function<void()> settled_;
  std::size_t writing_ = 0;
  std::vector<std::pair<conversation_edit, promise>> waiting_;
};

} // namespace nekod
