#pragma once

#include "protocol/json.hpp"
#include "protocol/openai/request.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// Puts the message of one choice together from its deltas, as it is sent again in the next turn:
/// text, refusal, calls of tools. Reasoning is left out: models are not to be told of it again, and
/// some refuse it.
class answer_assembly {
public:
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

  void take_tool_call(const json::value& delta);
  void take_other(tool_call& call, std::string_view name, std::string value);
  void take_called(const json::value& called, tool_call& to);
  tool_call& call_for(const json::value& delta);
  void append(std::string& to, const json::value& object, const char* name);
  void set(std::string& to, const json::value& object, const char* name);
  static void write(std::string& out, const tool_call& c);
  static void write_called(std::string& out, const tool_call& c);

  std::string text_;
  std::string refusal_;
  std::vector<tool_call> calls_;
  /// The older form of one call.
  tool_call function_;
  std::size_t size_ = 0;
};

} // namespace nekod::openai
