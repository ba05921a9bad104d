#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/chat/message.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The content of messages and of the outputs of tools.
namespace nekod::openai::responses {

/// Checks a content and brings it into canonical form: an array of parts, with `annotations` and
/// `logprobs` in an assistant's texts and a `detail` in images.
/// @param content A string or an array of parts. What cannot go to an upstream, such as a file by
///        id, is refused; parts of an assistant that are not known are left out.
/// @param place The content's place in the request, such as `input[2].content`.
result<std::string, chat::failure> canonical_content(const json::value& content, chat::role speaker,
                                                     const std::string& place);

/// A content in the form of chat completions.
struct chat_content {
  struct part {
    /// Its index in the content.
    std::size_t index = 0;
    bool is_text = false;
    /// Of a text the text itself, of others the part as JSON.
    std::string what;
  };

  /// The texts, joined by LF.
  std::string text() const;
  bool is_text() const noexcept;
  /// The parts as a JSON array.
  std::string array() const;

  std::vector<part> parts;
};

/// Reads a *content* in canonical form, or a string.
chat_content read_content(const json::value* content);

} // namespace nekod::openai::responses
