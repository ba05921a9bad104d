#pragma once

#include "protocol/openai/responses/request/told_items.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai::responses {

/// Makes messages of chat completions of items.
class message_list {
public:
  /// @param with_reasoning Whether assistant messages carry their reasoning.
  explicit message_list(bool with_reasoning) : with_reasoning_(with_reasoning) {}

  /// Adds a text to the system message.
  void instruct(std::string_view text);

  void add(const told_item& t);

  /// Ends the list.
  /// @returns the messages as JSON, the system message first.
  std::vector<std::string> finish();

  /// The places of parts that are not text.
  const std::vector<std::string>& demands() const noexcept { return demands_; }

private:
  /// An assistant message that may go on.
  struct answer {
    std::string text;
    std::string reasoning;
    std::vector<told_item> calls;
  };

  void add_message(const item& i);
  void add_answer(std::string_view text);
  void add_reasoning(const item& i);
  void take_reasoning();
  void close();
  void close_calls();
  std::string tool_message(const told_item& t, std::string& data);
  void demand(const item& i, std::string_view member, std::size_t index);

  bool with_reasoning_;
  std::string system_;
  std::vector<std::string> messages_;
  std::vector<std::string> demands_;
  answer open_;
  /// Reasoning before the assistant message that it belongs to.
  std::string reasoning_;
};

} // namespace nekod::openai::responses
