#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_assembly.hpp"
#include "protocol/openai/upstream/call_table.hpp"
#include "protocol/openai/upstream/chunk_halves.hpp"
#include "protocol/openai/upstream/chunk_pattern.hpp"
#include "protocol/text/sse.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Streams of an OpenAI-compatible server, whose chunks go on to our client as they are, but for
/// the members that are the same in all of them and that we write, and for what clients could not
/// read.
namespace nekod::openai {

/// Bytes of an answer's message that are kept for the conversation; more are a failure.
inline constexpr std::size_t max_answer_bytes = 16u << 20;

/// Reads a stream of chunks, from any split of its bytes.
///
/// A stream is whole when each of its choices had a finish reason and it came to its end: `[DONE]`,
/// or that of its body. Anything else is a failure: an error, an event that is no JSON, an end
/// without a reason. Text goes on at once, also behind a finish reason or with one; the reasons,
/// and what comes without text behind the first, such as usage, are held back until the stream is
/// whole. Each choice then has one chunk with a reason. Chunks that say nothing wait for the first
/// that does, so that an answer that never comes to that has not begun.
///
/// Chunks are brought into OpenAI's form where they differ: the first of each choice has a role,
/// calls of tools have an index and an id, content in parts is text, and numbers that JSON does not
/// have are null. Characters that are cut in half between two chunks are whole in what goes on and
/// in what is said. Events that are no part of the answer are left out.
class answer_decoder {
public:
  /// @param usage Whether the client asked for usage; without it is left out.
  explicit answer_decoder(bool usage = false) : usage_(usage) {}

  /// Takes the next bytes; appends the members of chunks that may go on to *out*, which is of
  /// members.
  void feed(std::string_view bytes, deltas& out);

  /// The body came to its proper end.
  void finish(deltas& out);

  bool whole() const noexcept { return whole_; }

  const std::optional<error>& failure() const noexcept { return failure_; }

  /// Events that were left out.
  std::uint64_t skipped() const noexcept { return skipped_; }

  /// What was held back.
  deltas take_rest() { return std::exchange(rest_, deltas{deltas::form::members}); }

  /// What the first choice says.
  message said() const { return message_.taken(); }

private:
  /// A choice by its index, with how far it is.
  struct choice_state {
    call_table calls;
    /// Whether a chunk told who speaks.
    bool has_role = false;
    /// The newest finish reason; empty while there is none.
    std::string reason;
    /// A chunk that tells the reason and says nothing else; empty where there is none.
    std::string end;
  };

  /// What was found in the choices of a chunk.
  struct found {
    /// Whether one has a finish reason.
    bool ends = false;
    /// Whether one says more than who speaks.
    bool speaks = false;
    /// Whether the chunk has anything for a client but what its choices say.
    bool tells_more = false;
    /// Whether they were brought into another form.
    bool changed = false;
  };

  void take(const sse::item& item, deltas& out);
  void take_data(std::string_view data, deltas& out);
  bool take_like_before(std::string_view data, deltas& out);
  void take_joined(std::string_view data, deltas& out);
  void take_chunk(std::string_view data, deltas& out);
  void take_chunks(const std::vector<std::string>& chunks, deltas& out);
  void take_object(json::document& doc, std::string_view data, deltas& out);
  void take_bare(const json::value& chunk, std::string_view data, deltas& out);
  found take_choices(json::value& choices, const json::value& chunk, json_pool& pool);
  void take_choice(json::value& choice, choice_state& state, json_pool& pool, found& all);
  void take_reasons(json::value& choices, json_pool& pool, found& all);
  choice_state* state_of(json::value& choice, std::size_t position, const json::value& chunk,
                         json_pool& pool, found& all);
  void hold_back(const json::value& choices, const found& what);
  void pass_on(const found& what, deltas& out);
  void hold_end(std::size_t choice);
  void end(std::string_view otherwise, deltas& out);
  void check_size();
  void fail(error e);
  void check(bool within_limit);

  bool usage_;
  /// An event may be as long as an answer, where it holds an image.
  sse::parser parser_{max_answer_bytes};
  answer_assembly message_;
  chunk_halves halves_;
  std::vector<choice_state> choices_;
  /// Whether a choice had a finish reason.
  bool ending_ = false;
  /// Chunks before the first that says something.
  deltas leading_{deltas::form::members};
  bool spoke_ = false;
  /// Chunks that say nothing behind a finish reason.
  deltas behind_{deltas::form::members};
  deltas rest_{deltas::form::members};
  std::optional<error> failure_;
  bool whole_ = false;
  std::uint64_t skipped_ = 0;
  /// Of the last chunk that a JSON parser read, where that said nothing but a text.
  std::optional<chunk_pattern> pattern_;
  /// The members of the chunk at hand.
  std::string members_;
};

} // namespace nekod::openai
