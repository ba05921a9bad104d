#pragma once

#include "protocol/deltas.hpp"
#include "protocol/openai/answer_assembly.hpp"
#include "protocol/openai/chunk_halves.hpp"
#include "protocol/openai/chunk_pattern.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/request.hpp"
#include "protocol/openai/response.hpp"
#include "protocol/result.hpp"
#include "protocol/sse.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Answers of an OpenAI-compatible server, whose chunks go on to our client as they are, but for
/// the members that are the same in all of them and that we write.
namespace nekod::openai {

/// Bytes of an answer's message that are kept for the conversation; more are a failure.
inline constexpr std::size_t max_answer_bytes = 16u << 20;

/// Reads a stream of chunks, from any split of its bytes.
///
/// A stream is whole when each of its choices had its finish reason and `[DONE]` came. Anything
/// else is a failure: an error, an event that is no chunk, an end before that. What tells that a
/// choice is finished, and what follows it, is held back until the whole stream is. Chunks that say
/// nothing wait for the first that does, so that an answer that never comes to that has not begun.
/// Characters that are cut in half between two chunks are whole in what goes on and in what is
/// said.
class answer_decoder {
public:
  /// @param usage Whether the client asked for usage; without it is left out.
  explicit answer_decoder(bool usage = false) : usage_(usage) {}

  /// Takes the next bytes; appends the members of chunks that may go on to *out*, which is of
  /// members.
  void feed(std::string_view bytes, deltas& out);

  /// The body ended.
  void finish(deltas& out);

  bool whole() const noexcept { return whole_; }

  const std::optional<error>& failure() const noexcept { return failure_; }

  /// What was held back.
  deltas take_rest() { return std::exchange(rest_, deltas{deltas::form::members}); }

  /// What the first choice says.
  message said() const { return message_.taken(); }

private:
  /// A choice by its index, with how far it is.
  struct choice_state {
    bool finished = false;
    bool held = false;
  };

  void take(const sse::item& item, deltas& out);
  void take_data(std::string_view data, deltas& out);
  bool take_like_before(std::string_view data, deltas& out);
  void take_joined(std::string_view data, deltas& out);
  void take_chunk(std::string_view data, deltas& out);
  void take_chunks(const std::vector<std::string>& chunks, deltas& out);
  /// Looks into the choices of a chunk; says whether the chunk has to be held back.
  bool take_choices(const json::value* choices);
  choice_state* state_of(const json::value& choice);
  void pass_on(bool held, bool silent, deltas& out);
  void take_done(deltas& out);
  void check_size();
  void fail(error e);
  void check(bool within_limit);

  bool usage_;
  /// An event may be as long as an answer, where it holds an image.
  sse::parser parser_{max_answer_bytes};
  answer_assembly message_;
  chunk_halves halves_;
  std::vector<choice_state> choices_;
  /// Chunks before the first that says something.
  deltas leading_{deltas::form::members};
  bool spoke_ = false;
  deltas rest_{deltas::form::members};
  std::optional<error> failure_;
  bool whole_ = false;
  /// Of the last chunk that a JSON parser read, where that said nothing but a text.
  std::optional<chunk_pattern> pattern_;
  /// The members of the chunk at hand.
  std::string members_;
};

/// An answer that came in one piece.
struct whole_answer {
  /// All members that we do not write.
  std::string members;
  /// What the first choice says.
  message said;
};

/// Reads an answer in one piece. One without a choice, or with one that has no finish reason, is a
/// failure.
result<whole_answer, error> parse_whole_answer(std::string_view body);

} // namespace nekod::openai
