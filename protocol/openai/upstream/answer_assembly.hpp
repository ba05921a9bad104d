#pragma once

#include "protocol/chat/request.hpp"
#include "protocol/openai/chat/merged_member.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// Assembles the message of one choice from its deltas, whole, as it is sent back in the next turn:
/// text, refusal, tool calls, reasoning, and unknown members.
///
/// Content in parts becomes one text if all parts are text; otherwise it stays a list of parts, in
/// which consecutive pieces of text, or of reasoning, are one part. Members outside OpenAI's
/// specification are assembled as `merged_member` says; of the message's own, null and empty values
/// are left out.
class answer_assembly {
public:
  /// @param delta Each of its tool calls has an index, or they are the elements of a whole message.
  void take(const json::value& delta);

  /// Takes a piece that is only text.
  /// @param append Appends the piece to the string it is given, or returns false.
  template <class Append>
  bool take_text(Append append) {
    const auto before = text_.size();
    const bool taken = append(text_);
    size_ += text_.size() - before;
    return taken;
  }

  /// The approximate number of bytes in use.
  std::size_t size() const noexcept { return size_; }

  chat::message taken() const;

private:
  struct tool_call {
    std::int64_t index = 0;
    std::string id;
    std::string type;
    /// `function` or `custom`: the name of the member that describes the call.
    std::string kind;
    std::string name;
    std::string arguments;
    /// Unknown members.
    std::vector<merged_member> others;
  };

  void take_content(const json::value& content);
  void take_part(const json::value& part);
  void take_thinking(const json::value& part, std::string_view thinking);
  void end_run();
  void add_part(std::string_view json);
  void take_other(merged_member::owner whose, std::vector<merged_member>& others,
                  std::string_view name, const json::value& value);
  void take_tool_call(const json::value& delta, std::int64_t position);
  void take_called(const json::value& called, tool_call& to);
  tool_call& call_for(const json::value& delta, std::int64_t position);
  void append(std::string& to, const json::value& object, const char* name);
  void set(std::string& to, const json::value& object, const char* name);
  void write_content(std::string& out) const;
  static void write(std::string& out, const tool_call& c);
  static void write_called(std::string& out, const tool_call& c);

  /// Complete parts, as JSON separated by commas; `thinking_` and then `text_` follow them.
  std::string parts_;
  std::string thinking_;
  /// Whether the part with the reasoning has it as a list of texts.
  bool thinking_in_list_ = false;
  std::string text_;
  std::string refusal_;
  std::vector<merged_member> others_;
  std::vector<tool_call> calls_;
  /// The legacy form of a single call.
  tool_call function_;
  std::size_t size_ = 0;
};

} // namespace nekod::openai
