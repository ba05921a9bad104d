#pragma once

#include "actors/session/answer_log.hpp"
#include "actors/store/response_record.hpp"
#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/message.hpp"

#include <string>

namespace nekod {

/// An answered turn, about to be committed.
struct answered {
  const answer_log& answer;
  const chat::answer_end& end;
  std::string tenant;
  std::string session_id;
  /// The public name of the model that answered.
  std::string model;
};

/// A turn that has not been answered, or never will be.
struct unanswered {
  const answer_identity& identity;
  std::string tenant;
  /// Empty until the turn begins, as is the model.
  std::string session_id;
  std::string model;
  /// Null until the turn begins.
  const answer_log* answer = nullptr;
};

/// Makes what is kept of an answer beside its session, for an API that keeps its answers. Pure.
class response_recorder {
public:
  response_recorder() = default;
  response_recorder(const response_recorder&) = delete;
  response_recorder& operator=(const response_recorder&) = delete;
  virtual ~response_recorder() = default;

  /// The response that the turn ends with. Called by the session, before the commit.
  virtual response_record ended(const answered& a) const = 0;

  /// The response of a turn that waits or runs.
  virtual response_record unfinished(const unanswered& u) const = 0;

  /// The response of a turn that failed or was cancelled, with what there is of its answer.
  virtual response_record broken_off(const unanswered& u, const chat::failure& reason) const = 0;

  /// Whether the response is stored. If not, only its items are kept, in the conversation.
  virtual bool stores() const noexcept = 0;

  /// The response is being deleted: none of the records that this made is written from now on.
  virtual void forget() const noexcept {}
};

} // namespace nekod
