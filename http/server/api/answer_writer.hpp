#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::http {

/// What an answer says of itself.
struct answer_head {
  /// Random characters; each API adds its prefix.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
  std::string model;
  std::string session_id;
  /// Whether the pieces are text, so that the writer has to open each of the answers with a role;
  /// else they are members that say all.
  bool of_text = true;
};

/// The form of an answer in one API. A route chooses one for each request: an answer that streams
/// is `begin`, any number of `piece`, then `end` or `failure`; one that does not is `whole`.
///
/// Pure: appends to what goes out next.
class answer_writer {
public:
  answer_writer() = default;
  answer_writer(const answer_writer&) = delete;
  answer_writer& operator=(const answer_writer&) = delete;
  virtual ~answer_writer() = default;

  /// Whether pieces are written as they come.
  virtual bool streams() const noexcept = 0;

  virtual const char* content_type() const noexcept = 0;

  /// What the answer says of itself, before anything is written. Called again where another model
  /// answers than was expected, before the first piece; what `begin` wrote stays.
  virtual void introduce(const answer_head& head) = 0;

  virtual void begin(std::string& out) = 0;

  /// @param text UTF-8, or members, as *form* says.
  virtual void piece(std::string& out, deltas::form form, std::string_view text) = 0;

  /// Bytes that `piece` adds to a piece's own.
  virtual std::size_t frame(deltas::form form) const noexcept = 0;

  virtual void end(std::string& out, const openai::answer_end& end) = 0;
  virtual void failure(std::string& out, const openai::error& reason, openai::language lang) = 0;

  /// The answer in one piece.
  /// @param text Of an answer of text.
  virtual std::string whole(std::string_view text, const openai::answer_end& end) = 0;
};

} // namespace nekod::http
