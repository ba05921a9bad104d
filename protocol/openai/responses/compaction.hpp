#pragma once

#include "protocol/openai/responses/item.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Compaction items: each stands for the items of a conversation, by a content that the service
/// that made it understands. No model shortens anything: the items are told as they were.
namespace nekod::openai::responses {

/// The items by the content of the compaction item that stands for them. Nothing for a content that
/// was not made here, or whose items have expired.
using compacted_items = std::map<std::string, std::optional<std::vector<item>>, std::less<>>;

/// A new compaction item with that `encrypted_content`.
item compaction_of(std::string id, std::string_view content);

/// The `encrypted_content` of a compaction item.
std::string compacted_content(const item& compaction);

/// *items* with those in the place of each compaction item that it stands for, also where they are
/// compaction items. A compaction item that stands for nothing stays. The items that stand in for
/// one have its place.
std::vector<item> expanded(std::span<const item> items, const compacted_items& compacted);

} // namespace nekod::openai::responses
