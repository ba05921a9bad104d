#pragma once

#include "protocol/chat/request.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// Assembles the message of one choice from its deltas, whole, as it is sent back in the next turn:
/// text, refusal, tool calls, reasoning, and unknown members.
///
/// Content in parts becomes one text if all parts are text; otherwise it stays a list of parts, in
/// which consecutive pieces of text, or of reasoning, are one part. Of members outside OpenAI's
/// specification, null and empty values are left out; texts and lists of reasoning are joined; of
/// any other member the newest value is kept.
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
    /// Unknown members by name, as JSON.
    std::map<std::string, std::string, std::less<>> others;
  };

  /// An unknown member of the message.
  struct other_member {
    std::string name;
    /// A text, unquoted; the elements of a list, without its brackets; or any value as JSON.
    std::string value;
    enum class form : std::uint8_t { text, list, json } what = form::json;
  };

  void take_content(const json::value& content);
  void take_part(const json::value& part);
  void take_thinking(const json::value& part, std::string_view thinking);
  void end_run();
  void add_part(std::string_view json);
  void take_other(std::string_view name, const json::value& value);
  static void add_text(other_member& to, std::string_view piece);
  static void add_elements(other_member& to, const json::value& list);
  void take_tool_call(const json::value& delta, std::int64_t position);
  void take_other(tool_call& call, std::string_view name, std::string value);
  void take_called(const json::value& called, tool_call& to);
  tool_call& call_for(const json::value& delta, std::int64_t position);
  void append(std::string& to, const json::value& object, const char* name);
  void set(std::string& to, const json::value& object, const char* name);
  void write_content(std::string& out) const;
  static void write(std::string& out, const other_member& m);
  static void write(std::string& out, const tool_call& c);
  static void write_called(std::string& out, const tool_call& c);

  /// Complete parts, as JSON separated by commas; `thinking_` and then `text_` follow them.
  std::string parts_;
  std::string thinking_;
  /// Whether the part with the reasoning has it as a list of texts.
  bool thinking_in_list_ = false;
  std::string text_;
  std::string refusal_;
  std::vector<other_member> others_;
  std::vector<tool_call> calls_;
  /// The legacy form of a single call.
  tool_call function_;
  std::size_t size_ = 0;
};

} // namespace nekod::openai
