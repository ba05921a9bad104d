#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/openai/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Answers to `POST /v1/chat/completions`: `CreateChatCompletionResponse` and its stream's chunks.
namespace nekod::openai {

/// Why an answer ended.
enum class finish_reason : std::uint8_t { stop, length, content_filter };

/// The reason's name on the wire.
std::string_view name_of(finish_reason r) noexcept;

/// The values that all chunks of an answer share.
struct completion_head {
  /// `chatcmpl-...`.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
  std::string model;
  std::string session_id;
};

/// Numbers of tokens; all zero if the upstream does not count tokens.
struct usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

/// Appends one choice of a whole answer.
void append_choice(std::string& out, std::size_t index, std::string_view text,
                   finish_reason reason);

/// Appends the member `usage`.
void append_usage(std::string& out, const usage& tokens);

/// A whole text answer as a JSON body.
std::string completion(const completion_head& head, std::string_view text, finish_reason reason,
                       const usage& tokens);

/// The end of an answer, which is held back until its turn is committed.
struct answer_end {
  answer_end() = default;
  answer_end(finish_reason r) : reason(r) {}

  /// For a text answer.
  finish_reason reason = finish_reason::stop;
  /// For an answer of members: the last chunks of a stream, with the finish reasons, or all of a
  /// whole answer.
  deltas rest{deltas::form::members};
};

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

  void finish(std::string& out, finish_reason reason) const;
  void usage_chunk(std::string& out, const usage& tokens) const;
  static void done(std::string& out);
  static void failure(std::string& out, const error& e, language lang);

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
