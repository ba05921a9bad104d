#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/result.hpp"

#include <optional>
#include <span>
#include <vector>

namespace nekod::openai::responses {

/// An item that an upstream hears.
struct told_item {
  const item* what = nullptr;
  /// The output of a call.
  const item* output = nullptr;
};

/// The items of *own* that are not in *history* already: there is no equal one with the same id, no
/// call with the same `call_id`, and no output for each call with that `call_id`.
std::vector<item> new_items(std::span<const item> history, std::span<const item> own);

/// The failure of the first item that stands for others which are not known: a reference or a
/// compaction. Nothing if there is none.
std::optional<chat::failure> first_unresolved(std::span<const item> items);

/// The items of a conversation that an upstream is told, in order: those of *history*, then the new
/// ones in *own*.
///
/// Own items count if they are among the `new_items`. Calls that were cut off are
/// left out with their outputs. Each call is paired with its output, wherever that stands; of equal
/// `call_id`s the first call gets the first output. Calls of hosted tools without an output are
/// left out, and so are outputs of the history whose call was deleted: no later turn is to fail for
/// that. The other outputs stay in the list, where they end an answer.
/// @returns views of the arguments, or the failure of a call without output, an own output without
///          call, or an item that should have been resolved.
result<std::vector<told_item>, chat::failure> told_items(std::span<const item> history,
                                                         std::span<const item> own);

} // namespace nekod::openai::responses
