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

/// The reason's word on the wire.
std::string_view name_of(finish_reason r) noexcept;

/// What is the same in every chunk of an answer.
struct completion_head {
  /// `chatcmpl-...`.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
  std::string model;
  std::string session_id;
};

/// Tokens counted; all zero for an upstream that counts none.
struct usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

/// Appends one choice of a whole answer.
void append_choice(std::string& out, std::size_t index, std::string_view text,
                   finish_reason reason);

/// Appends the member `usage`.
void append_usage(std::string& out, const usage& tokens);

/// A whole answer as a JSON body.
std::string completion(const completion_head& head, std::string_view text, finish_reason reason,
                       const usage& tokens);

/// What an answer ends with: held back until its turn is sure to be kept.
struct answer_end {
  answer_end() = default;
  answer_end(finish_reason r) : reason(r) {}

  /// Of plain text.
  finish_reason reason = finish_reason::stop;
  /// Of members: the last ones of a stream, the finish reasons among them, or all of a whole
  /// answer.
  deltas rest{deltas::form::members};
};

/// A whole answer of *members*, which lack those of *head*.
std::string completion(const completion_head& head, std::string_view members);

/// Writes one answer as server-sent events, each a block of its own ending in a blank line.
///
/// A stream of text is: `role`, any number of `content`, `finish`, `usage_chunk` if it was asked
/// for, `done`; one of members: any number of `members`, `done`. Or, at any point before the end,
/// `failure`, after which nothing more comes.
class chunk_writer {
public:
  /// @param include_usage Whether the client asked for a chunk with usage. Every other chunk then
  ///                      says `"usage":null`.
  chunk_writer(const completion_head& head, bool include_usage);

  /// @param index The choice that begins; the first is 0.
  void role(std::string& out, std::size_t index = 0) const;
  /// @param piece UTF-8; goes out unchanged.
  void content(std::string& out, std::string_view piece) const;
  /// @param piece The members of a chunk, `choices` among them; goes out unchanged.
  void members(std::string& out, std::string_view piece) const;

  /// Bytes of an event of `content`, or of `members`, besides its piece.
  std::size_t content_frame() const noexcept;
  std::size_t members_frame() const noexcept;

  void finish(std::string& out, finish_reason reason) const;
  void usage_chunk(std::string& out, const usage& tokens) const;
  static void done(std::string& out);
  static void failure(std::string& out, const error& e, language lang);

private:
  /// From `data: {` to where the members begin that are not the same in all chunks.
  std::string before_members_;
  /// From `data: {` to where the first choice begins.
  std::string before_choices_;
  /// From there on to the first choice's delta, and into it.
  std::string before_delta_;
  /// From behind the choices to the event's end.
  std::string after_choices_;
  /// The same from within the delta of a choice that goes on.
  std::string after_delta_;
};

} // namespace nekod::openai
