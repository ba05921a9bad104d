#pragma once

#include "protocol/openai/chat/request.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// Puts the message of one choice together from its deltas, whole as it is sent again in the next
/// turn: text, refusal, calls of tools, reasoning, and members that we do not know.
///
/// Content in parts is one text where all parts are; else the list of parts, in which pieces of
/// text, and of reasoning, that follow each other are one part. Of members other than those of
/// OpenAI's specification, null and what is empty is left out; texts of reasoning are put together,
/// lists of it too, and of any other the newest value counts.
class answer_assembly {
public:
  /// @param delta Its calls of tools have an index each, or are the elements of a whole message.
  void take(const json::value& delta);

  /// Takes a piece of text alone.
  /// @param append Appends it to the string it is given, or returns false.
  template <class Append>
  bool take_text(Append append) {
    const auto before = text_.size();
    const bool taken = append(text_);
    size_ += text_.size() - before;
    return taken;
  }

  /// About the bytes that it takes.
  std::size_t size() const noexcept { return size_; }

  message taken() const;

private:
  struct tool_call {
    std::int64_t index = 0;
    std::string id;
    std::string type;
    /// `function` or `custom`: the member with what is called.
    std::string kind;
    std::string name;
    std::string arguments;
    /// Members that we do not know, by their names, as JSON.
    std::map<std::string, std::string, std::less<>> others;
  };

  /// A member of the message that we do not know.
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

  /// Parts that are whole, as JSON with commas between them; behind them `thinking_`, then `text_`.
  std::string parts_;
  std::string thinking_;
  /// Whether reasoning comes as a list of texts in its part.
  bool thinking_in_list_ = false;
  std::string text_;
  std::string refusal_;
  std::vector<other_member> others_;
  std::vector<tool_call> calls_;
  /// The older form of one call.
  tool_call function_;
  std::size_t size_ = 0;
};

} // namespace nekod::openai
