#pragma once

#include "protocol/openai/responses/item.hpp"

#include <optional>
#include <span>
#include <vector>

namespace nekod::openai::responses {

/// The items before a request, as far back as its news can be told from them alone.
struct last_items {
  /// Of the request before, and of its answer.
  std::span<const item> input;
  std::span<const item> output;
};

/// Whether *own* may consist of new messages of the user, outputs, and what was said before. Only
/// then are the last items worth a look.
bool may_be_news(std::span<const item> own);

/// The items of *own* that are new, if that is sure without the items before *last*: those before
/// it are complete, since an answer followed them. So each call of the last answer has to have its
/// output in *own*, and each output its call there.
/// @returns nothing if the whole conversation has to be looked at. Else the same as `new_items` of
///          it: at least one item, all of them messages of the user and outputs.
std::optional<std::vector<item>> sure_news(const last_items& last, std::span<const item> own);

} // namespace nekod::openai::responses
