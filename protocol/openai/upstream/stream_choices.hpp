#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/openai/upstream/answer_assembly.hpp"
#include "protocol/openai/upstream/call_table.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// The most bytes of an answer's message that are kept for the conversation; a longer one is a
/// failure.
inline constexpr std::size_t max_answer_bytes = 16u << 20;

/// The choices of a stream, which arrive in pieces, one or several in each chunk. Converts them to
/// OpenAI's form: the first piece of each choice has a role, tool calls have an index and an id,
/// content in parts becomes text. Keeps the finish reasons until the stream is whole; each choice
/// then has one chunk with a reason. Assembles the message of the first choice.
class stream_choices {
public:
  /// Facts about the choices of a chunk.
  struct facts {
    /// Whether a choice has a finish reason.
    bool ends = false;
    /// Whether a choice has more than a role.
    bool speaks = false;
    /// Whether the choices were converted to another form.
    bool changed = false;
  };

  /// Takes the choices of a chunk, and converts them.
  /// @param choices The chunk's list of choices.
  /// @returns a sentence about the fault if a choice is invalid or the answer is too long; nothing
  /// may be taken then.
  result<facts, std::string_view> take(json::value& choices, const json::value& chunk,
                                       json_pool& pool);

  /// Takes a piece of the first choice that is only text.
  /// @param append Appends the piece to the string it is given, or returns false.
  /// @returns what *append* returned.
  template <class Append>
  bool take_text(Append append) {
    return message_.take_text(append);
  }

  /// Whether the message of the first choice exceeds the limit. `take` checks it, too.
  bool is_too_long() const noexcept { return message_.size() > max_answer_bytes; }

  /// Keeps a chunk that has only the finish reason of one choice, until the stream is whole.
  /// @param choice The only choice of the chunk.
  /// @param members The members of the chunk.
  void keep_end(const json::value& choice, std::string_view members);

  std::size_t size() const noexcept { return choices_.size(); }

  /// Whether a choice has had a finish reason.
  bool ending() const noexcept { return ending_; }

  /// Whether there is a choice, and each has a finish reason.
  bool all_ended() const;

  /// For each choice, the members of one chunk with its finish reason.
  /// @pre `all_ended()`
  deltas ends() const;

  /// The message of the first choice.
  chat::message said() const { return message_.taken(); }

private:
  /// The state of a choice; choices are stored by index.
  struct state {
    call_table calls;
    /// Whether a chunk had the role.
    bool has_role = false;
    /// Whether a delta had part of the answer.
    bool has_answered = false;
    /// The newest finish reason; empty while there is none.
    std::string reason;
    /// A chunk with the finish reason and nothing else; empty if there is none.
    std::string end;
  };

  void take_choice(json::value& choice, state& of, json_pool& pool, facts& all);
  void take_reasons(json::value& choices, json_pool& pool, facts& all);
  state* state_of(json::value& choice, std::size_t position, const json::value& chunk,
                  json_pool& pool, facts& all);
  std::string_view excess() const;

  answer_assembly message_;
  std::vector<state> choices_;
  /// Whether a choice has had a finish reason.
  bool ending_ = false;
};

} // namespace nekod::openai
