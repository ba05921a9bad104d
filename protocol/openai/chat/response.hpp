#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/openai/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Answers to `POST /v1/chat/completions`: `CreateChatCompletionResponse` and its stream's chunks.
namespace nekod::openai {

/// The values that all chunks of an answer share.
struct completion_head {
  /// `chatcmpl-...`.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
  std::string model;
  std::string session_id;
};

/// Appends one choice of a whole answer.
void append_choice(std::string& out, std::size_t index, std::string_view text,
                   chat::finish_reason reason);

/// Appends the member `usage`.
void append_usage(std::string& out, const chat::usage& tokens);

/// A whole text answer as a JSON body.
std::string completion(const completion_head& head, std::string_view text,
                       chat::finish_reason reason, const chat::usage& tokens);

/// A whole answer made of *members* and *head*.
std::string completion(const completion_head& head, std::string_view members);

/// Writes one answer as server-sent events, each followed by a blank line.
///
/// A stream of text is: `role`, any number of `content`, `finish`, `usage_chunk` if the client
/// asked for it, `done`. A stream of members is: any number of `members`, `done`. At any point
/// before the end, `failure` may end the stream instead.
class chunk_writer {
public:
  /// @param include_usage Whether the client asked for a chunk with usage. Every other chunk then
  /// has `"usage":null`.
  chunk_writer(const completion_head& head, bool include_usage);

  /// @param index The number of the choice that begins, from 0.
  void role(std::string& out, std::size_t index = 0) const;
  /// @param piece UTF-8; written unchanged.
  void content(std::string& out, std::string_view piece) const;
  /// @param piece The members of a chunk, including `choices`; written unchanged.
  void members(std::string& out, std::string_view piece) const;

  /// The bytes that an event of `content`, or of `members`, has in addition to its piece.
  std::size_t content_frame() const noexcept;
  std::size_t members_frame() const noexcept;

  void finish(std::string& out, chat::finish_reason reason) const;
  void usage_chunk(std::string& out, const chat::usage& tokens) const;
  static void done(std::string& out);
  static void failure(std::string& out, const chat::failure& e, language lang);

private:
  /// From `data: {` to the members that differ between chunks.
  std::string before_members_;
  /// From `data: {` to the first choice.
  std::string before_choices_;
  /// From there into the first choice's delta.
  std::string before_delta_;
  /// From the end of the choices to the end of the event.
  std::string after_choices_;
  /// The same from inside the delta of a choice that goes on.
  std::string after_delta_;
};

} // namespace nekod::openai
