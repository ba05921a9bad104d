#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The items of a response's `output`: messages, reasoning and calls of tools.
namespace nekod::openai::responses {

/// How reasoning is told.
struct reasoning_form {
  static const reasoning_form text;
  static const reasoning_form summary;

  /// As `summary_text`, to a client that asked for a summary; else as `reasoning_text`.
  bool in_summary = false;
  /// Also as `encrypted_content`, to a client that asked for it.
  bool sealed = false;
};

inline constexpr reasoning_form reasoning_form::text{};
inline constexpr reasoning_form reasoning_form::summary{.in_summary = true};

enum class item_status : std::uint8_t { in_progress, completed, incomplete };

/// A text of an item.
struct output_part {
  enum class kind : std::uint8_t {
    output_text,
    refusal,
    reasoning_text,
    summary_text,
    /// Of a function call.
    arguments,
    /// Of a custom tool's call.
    input,
  };

  kind what = kind::output_text;
  /// As it stands in a JSON string, without the quotes, so that it is copied into each event.
  std::string text;
  /// The elements of `logprobs`, as JSON separated by commas.
  std::string logprobs;
  /// Of an `output_text`, each as JSON.
  std::vector<std::string> annotations;
};

/// An item. All texts are as they stand in JSON strings, without the quotes.
struct output_item {
  enum class kind : std::uint8_t { message, reasoning, function_call, custom_tool_call };

  kind what = kind::message;
  std::string id;
  /// Its place in `output`, from 0.
  std::size_t index = 0;
  std::string call_id;
  std::string name;
  /// The namespace of the tool; empty for none.
  std::string name_space;
  /// A call has exactly one.
  std::vector<output_part> parts;
  /// Whether reasoning is also told as `encrypted_content`.
  bool sealed = false;

  bool is_call() const noexcept {
    return what == kind::function_call || what == kind::custom_tool_call;
  }
};

/// An item as it is stored and told to clients.
struct finished_item {
  std::string id;
  std::string type;
  std::string json;
};

std::string_view type_of(output_item::kind what) noexcept;
std::string_view type_of(output_part::kind what) noexcept;

/// The id of the item at *index* in the answer *answer_id*: the same for all readers, for the store
/// and for a replay.
/// @param answer_id The response's id, with or without `resp_`.
std::string item_id(output_item::kind what, std::string_view answer_id, std::size_t index);

/// The number of a part among those of its list: `content_index`, or `summary_index`.
std::size_t index_in_list(const output_item& item, std::size_t part);

/// Appends a part of a message or of reasoning.
void append_part(std::string& out, const output_part& part);

/// Appends the item without its parts, as it begins.
void append_begun(std::string& out, const output_item& item);

/// Appends the whole item.
void append_item(std::string& out, const output_item& item, item_status status);

/// Appends items as a JSON array.
void append_list(std::string& out, const std::vector<finished_item>& items);

} // namespace nekod::openai::responses
