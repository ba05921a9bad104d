#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/openai/responses/call_draft.hpp"
#include "protocol/openai/responses/chunk_content.hpp"
#include "protocol/openai/responses/output_item.hpp"
#include "protocol/openai/responses/response_object.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::openai::responses {

/// Hears of the items as they grow: one after the other, each with its parts one after the other.
class item_listener {
public:
  item_listener() = default;
  item_listener(const item_listener&) = delete;
  item_listener& operator=(const item_listener&) = delete;
  virtual ~item_listener() = default;

  virtual void item_begins(const output_item& item) = 0;
  virtual void part_begins(const output_item& item, std::size_t part) = 0;

  /// The part of the item that began last has grown by *text*, escaped as in a JSON string.
  /// @param logprobs The elements of `logprobs` that belong to it.
  virtual void part_grows(std::string_view text, std::string_view logprobs) = 0;

  /// The part has got the annotation with this index.
  virtual void part_annotated(const output_item& item, std::size_t part, std::size_t index) = 0;

  virtual void part_ends(const output_item& item, std::size_t part) = 0;

  /// @param json The whole item.
  virtual void item_ends(const output_item& item, std::string_view json) = 0;
};

/// Assembles the output items of an answer from its pieces. The same pieces make the same items,
/// with the same ids.
///
/// There is one item open at a time. A later one is held back until the open one ends: text and
/// reasoning as soon as there is another, a call as soon as its arguments are a complete object,
/// since servers send several calls at once. An answer without content has one message with one
/// empty text; a call's name of the bridge becomes the client's tool.
class output_items {
public:
  /// @param answer_id The response's id.
  /// @param listener Hears of all items; may be null.
  output_items(std::string answer_id, reasoning_form reasoning, tool_bridge bridge,
               item_listener* listener = nullptr);

  /// Takes a piece of the answer: text, or members of a chunk or of a whole answer.
  void take(deltas::form form, std::string_view piece);

  /// The answer is whole.
  void end(const chat::answer_end& end);

  /// The answer has failed or was cancelled: the listener hears nothing, and what began last is
  /// incomplete.
  void break_off();

  /// The result after `end`: completed or incomplete. To be taken once.
  /// @param now Seconds since the epoch.
  response_result take_result(std::int64_t now);

  /// The items after `end` or `break_off`. To be taken once.
  std::vector<finished_item> take_items() { return std::move(finished_); }

private:
  /// An item that has not ended.
  struct draft {
    output_item item;
    /// For a call: its index in the chunks, and its state.
    std::int64_t index = -1;
    call_draft call;
  };

  void take_text(std::string_view text);
  void take_chunk(std::string_view members);
  void add(output_item::kind item, output_part::kind part, std::string_view text);
  void add_elsewhere(output_item::kind item, output_part::kind part, std::string_view text,
                     std::string_view logprobs);
  void grow(draft& d, output_part::kind part, std::string_view text, std::string_view logprobs);
  void grow_call(draft& d, std::string_view text);
  void annotate(std::string_view annotations);
  void take_call(const call_piece& piece);
  draft* draft_of(std::int64_t call);
  draft& begin_draft(output_item::kind what);
  void identify(output_item& item);
  void advance();
  bool may_end(const draft& d) const;
  void open_front();
  void open_front_anyhow();
  void end_front(item_status status);

  std::string answer_id_;
  output_part::kind reasoning_;
  bool seals_reasoning_;
  tool_bridge bridge_;
  item_listener* listener_;
  chunk_reader reader_;
  /// The open item, and behind it those that are held back.
  std::deque<draft> drafts_;
  /// Whether the first of them was announced.
  bool open_ = false;
  std::size_t count_ = 0;
  /// The indices of calls that have begun, and the ids that clients know.
  std::set<std::int64_t> calls_;
  std::set<std::string, std::less<>> call_ids_;
  bool has_answer_ = false;
  std::vector<finished_item> finished_;
  std::string finish_reason_;
  std::optional<token_usage> usage_;
  /// Where the next text goes if it is of that kind: the last part of the open item, while nothing
  /// waits behind it. Null if that has to be found out.
  output_part* growing_ = nullptr;
  /// The text by which an item grows.
  std::string grown_;
};

} // namespace nekod::openai::responses
