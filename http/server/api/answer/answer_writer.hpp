#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::http {

/// The data of an answer's head.
struct answer_head {
  /// Random characters; each API adds its prefix.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
  std::string model;
  std::string session_id;
  /// Whether the pieces are text, so that the writer has to open each answer with a role; otherwise
  /// they are complete members.
  bool of_text = true;
};

/// The form of an answer in one API. The route chooses one for each request. For a streamed answer
/// the calls are `begin`, any number of `piece`, then `end` or `failure`; for a whole one `whole`.
/// `heartbeat` and `failure` may also come before `introduce`, if the turn waits for long.
///
/// Pure: appends to the bytes that are sent next.
class answer_writer {
public:
  answer_writer() = default;
  answer_writer(const answer_writer&) = delete;
  answer_writer& operator=(const answer_writer&) = delete;
  virtual ~answer_writer() = default;

  /// Whether pieces are written as they arrive.
  virtual bool streams() const noexcept = 0;

  virtual const char* content_type() const noexcept = 0;

  /// The prefix of the ids of answers.
  virtual std::string_view id_prefix() const noexcept = 0;

  /// Whether the stream begins at once, before its turn, so that a failure is always an event.
  virtual bool begins_at_once() const noexcept { return false; }

  /// Writes what comes before the turn.
  virtual void prelude(std::string& /*out*/) {}

  /// Sets the head, before anything is written. Called again, before the first piece, if another
  /// model answers than was expected; whatever `begin` wrote stays.
  virtual void introduce(const answer_head& head) = 0;

  virtual void begin(std::string& out) = 0;

  /// @param text UTF-8 text or members, according to *form*.
  virtual void piece(std::string& out, deltas::form form, std::string_view text) = 0;

  /// The bytes that `piece` adds to a piece's own.
  virtual std::size_t frame(deltas::form form) const noexcept = 0;

  /// A sign of life while no piece comes.
  /// @param silence How long none has come.
  virtual void heartbeat(std::string& out, std::chrono::milliseconds silence) = 0;

  virtual void end(std::string& out, const chat::answer_end& end) = 0;
  virtual void failure(std::string& out, const chat::failure& reason, language lang) = 0;

  /// The failure that clients of this API are told in place of *reason*.
  virtual chat::failure told(const chat::failure& reason) const { return reason; }

  /// The answer in one piece.
  /// @param text The text of an answer that consists of text.
  virtual std::string whole(std::string_view text, const chat::answer_end& end) = 0;
};

} // namespace nekod::http
