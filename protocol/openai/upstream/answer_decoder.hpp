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

/// Reads streams of an OpenAI-compatible server. Chunks go on to the client unchanged, except the
/// members that nekod writes itself, which all chunks share, and anything that clients could not
/// read.
namespace nekod::openai {

/// The most bytes of an answer's message that are kept for the conversation; a longer one is a
/// failure.
inline constexpr std::size_t max_answer_bytes = 16u << 20;

/// Reads a stream of chunks, from any split of its bytes.
///
/// A stream is whole if each of its choices has a finish reason and the stream ends with `[DONE]`
/// or with its body. Everything else is a failure: an error, an event that is not JSON, an end
/// without a finish reason. Text is passed on at once, even with or after a finish reason. Finish
/// reasons, and whatever follows the first one without text, such as usage, are held back until the
/// stream is whole; each choice then has one chunk with a reason. Chunks without content wait for
/// the first chunk with content: without one, the answer has not begun.
///
/// Chunks are converted to OpenAI's form where they differ: the first chunk of each choice has a
/// role, tool calls have an index and an id, content in parts becomes text, and numbers that JSON
/// does not have become null. Characters that are split between two chunks are joined, both for the
/// client and for the conversation. Events that are not part of the answer are dropped.
class answer_decoder {
public:
  /// @param usage Whether the client asked for usage; otherwise it is removed.
  explicit answer_decoder(bool usage = false) : usage_(usage) {}

  /// Takes the next bytes; appends to *out* the members of the chunks that may go on. *out* must
  /// have the form `members`.
  void feed(std::string_view bytes, deltas& out);

  /// The body has arrived completely.
  void finish(deltas& out);

  bool whole() const noexcept { return whole_; }

  const std::optional<error>& failure() const noexcept { return failure_; }

  /// The number of dropped events.
  std::uint64_t skipped() const noexcept { return skipped_; }

  /// The chunks that were held back.
  deltas take_rest() { return std::exchange(rest_, deltas{deltas::form::members}); }

  /// The message of the first choice.
  message said() const { return message_.taken(); }

private:
  /// The state of a choice; choices are stored by index.
  struct choice_state {
    call_table calls;
    /// Whether a chunk had the role.
    bool has_role = false;
    /// The newest finish reason; empty while there is none.
    std::string reason;
    /// A chunk with the finish reason and nothing else; empty if there is none.
    std::string end;
  };

  /// Facts about the choices of a chunk.
  struct found {
    /// Whether a choice has a finish reason.
    bool ends = false;
    /// Whether a choice has more than a role.
    bool speaks = false;
    /// Whether the chunk has anything for a client outside the content of its choices.
    bool tells_more = false;
    /// Whether the choices were converted to another form.
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
  /// An event may be as long as an answer, since it may contain an image.
  sse::parser parser_{max_answer_bytes};
  answer_assembly message_;
  chunk_halves halves_;
  std::vector<choice_state> choices_;
  /// Whether a choice has had a finish reason.
  bool ending_ = false;
  /// Chunks before the first one with content.
  deltas leading_{deltas::form::members};
  bool spoke_ = false;
  /// Chunks without content after a finish reason.
  deltas behind_{deltas::form::members};
  deltas rest_{deltas::form::members};
  std::optional<error> failure_;
  bool whole_ = false;
  std::uint64_t skipped_ = 0;
  /// The pattern of the last chunk that a JSON parser read, if that had only a text.
  std::optional<chunk_pattern> pattern_;
  /// The members of the current chunk.
  std::string members_;
};

} // namespace nekod::openai
