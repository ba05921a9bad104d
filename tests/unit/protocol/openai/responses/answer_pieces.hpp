#pragma once

#include "protocol/openai/responses/event_stream.hpp"
#include "protocol/text/json_strings.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Answers of a server, as its decoder passes them on.
namespace nekod::test {

/// The members of a chunk.
inline std::string chunk(const std::string& delta, const std::string& finish = "null") {
  return R"("choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":)" + finish + "}]";
}

/// A chunk with one text of the delta.
inline std::string said(std::string_view text, const std::string& member = "content") {
  return chunk("{\"" + member + "\":" + json::quote(text) + "}");
}

/// The first piece of a call.
inline std::string call_begins(int index, const std::string& id, const std::string& name,
                               std::string_view arguments = {}) {
  return chunk(R"({"tool_calls":[{"index":)" + std::to_string(index) + R"(,"id":)" +
               json::quote(id) + R"(,"type":"function","function":{"name":)" + json::quote(name) +
               R"(,"arguments":)" + json::quote(arguments) + "}}]}");
}

inline std::string call_goes_on(int index, std::string_view arguments) {
  return chunk(R"({"tool_calls":[{"index":)" + std::to_string(index) +
               R"(,"function":{"arguments":)" + json::quote(arguments) + "}}]}");
}

/// The end of an answer of members.
inline chat::answer_end ending(const std::string& reason = "stop") {
  chat::answer_end end;
  end.rest.push_back(chunk("{}", '"' + reason + '"'));
  end.rest.push_back(R"("choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4})");
  return end;
}

inline openai::responses::response_head head() {
  openai::responses::response_head result;
  result.id = "resp_0123456789abcdefghijklmn";
  result.created_at = 1700000000;
  result.model = "cat";
  result.session_id = "s:1";
  return result;
}

/// The stream of an answer of members.
inline std::string stream_of(const std::vector<std::string>& pieces, const chat::answer_end& end,
                             const openai::responses::stream_options& options = {},
                             const openai::responses::tool_bridge& bridge = {}) {
  openai::responses::event_stream stream{head(), bridge, options};
  std::string out;
  stream.begin(out);
  stream.start(out);
  for (const auto& piece : pieces)
    stream.piece(out, deltas::form::members, piece);
  stream.end(out, end, 1700000009);
  return out;
}

} // namespace nekod::test
