#pragma once

#include "protocol/openai/responses/output_item.hpp"
#include "protocol/openai/responses/response_object.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The content of chat completions, as an upstream's decoder passes it on: the members of a chunk,
/// or of a whole answer. Nothing is decoded: a text stays as it stands in its JSON string, without
/// the quotes.
namespace nekod::openai::responses {

/// The value of the member *name* of *object* as it stands in its JSON string; empty if it is no
/// string.
std::string_view string_in(std::string_view object, std::string_view name);

/// A text that stands in a JSON string, decoded.
std::string decoded(std::string_view escaped);

/// A citation of a web page as the Responses API has it; empty for other annotations.
/// @param annotation That of a chat.
std::string citation_of(std::string_view annotation);

/// A piece of a tool call. Texts are empty if the piece lacks them.
struct call_piece {
  std::int64_t index = 0;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// The content of the first choice; views are valid as long as the chunk, until the next one.
struct chunk_content {
  std::string_view reasoning;
  std::string_view text;
  std::string_view refusal;
  /// The elements of the text's `logprobs`.
  std::string_view logprobs;
  /// The message's `annotations`, a list.
  std::string_view annotations;
  std::vector<call_piece> calls;
  std::string_view finish_reason;
  std::optional<token_usage> usage;
};

/// Reads the chunks of an answer. Nearly all of them differ only in their text: one with the bytes
/// of an earlier one around its text needs no second search for its members.
class chunk_reader {
public:
  /// The text of a chunk that is like the last one that `read` found to have one text and nothing
  /// else; no data if it differs.
  std::string_view read_like_before(std::string_view members) const;

  /// The kind of that text: `output_text` or `reasoning_text`.
  output_part::kind kind_before() const noexcept { return what_; }

  const chunk_content& read(std::string_view members);

private:
  void read_choice(std::string_view choice);
  void read_delta(std::string_view delta);
  void read_content(std::string_view content);
  void learn(std::string_view members);

  chunk_content found_;
  /// The joined text of content in parts.
  std::string joined_;
  /// The bytes around the text of the chunk that others are compared with; empty for none.
  std::string before_;
  std::string after_;
  output_part::kind what_ = output_part::kind::output_text;
};

} // namespace nekod::openai::responses
