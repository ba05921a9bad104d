#pragma once

#include "protocol/openai/responses/request/told_items.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai::responses {

/// A message of chat completions.
struct told_message {
  /// The message as JSON.
  std::string json;
  /// The items that it consists of, as in `chat::message::items`.
  std::string items;
};

/// Makes messages of chat completions of items.
class message_list {
public:
  /// Adds a text to the system message.
  void instruct(std::string_view text);

  void add(const told_item& t);

  /// Adds the outputs of calls that were told before, in the calls' order; without a call if that
  /// is not known.
  void add_outputs_alone(std::span<const told_item> calls);

  /// Ends the list.
  /// @returns the messages, the system message first.
  std::vector<told_message> finish();

  /// The places of parts that are not text.
  const std::vector<std::string>& demands() const noexcept { return demands_; }

private:
  /// An assistant message that may go on.
  struct answer {
    std::string text;
    std::string reasoning;
    std::vector<told_item> calls;
    std::string items;
  };

  void add_message(const item& i);
  void add_answer(const item& i, std::string_view text);
  void add_reasoning(const item& i);
  void take_reasoning();
  void close();
  void add_outputs(std::span<const told_item> calls);
  std::string tool_message(const told_item& t, std::string& data);
  void demand(const item& i, std::string_view member, std::size_t index);
  void add_message(std::string json, const std::string& items);

  std::string system_;
  std::string system_items_;
  std::vector<told_message> messages_;
  std::vector<std::string> demands_;
  answer open_;
  /// Reasoning before the assistant message that it belongs to.
  std::string reasoning_;
  /// The items that belong to the message that follows: those that no upstream hears, and
  /// reasoning.
  std::string early_items_;
};

} // namespace nekod::openai::responses
