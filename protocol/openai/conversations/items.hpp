#pragma once

#include "protocol/chat/message.hpp"
#include "protocol/openai/responses/item.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The items of conversations, whichever API said them. Pure.
namespace nekod::openai::conversations {

/// The items that *messages* consist of. A message that came through the Responses API has its own;
/// of any other they are made, always the same with the same ids, except for prompts, which are no
/// items.
/// @param conversation The conversation's id, which the ids of such items depend on.
std::vector<responses::item> items_of(std::span<const chat::message> messages,
                                      std::string_view conversation);

/// The messages that *items* make, prompts first. A call without its output and an output without
/// its call are told as they are.
std::vector<chat::message> messages_of(std::span<const responses::item> items);

/// The conversation with *items* at its end. Their prompts join the prompt that there is.
std::vector<chat::message> with_items(std::vector<chat::message> messages,
                                      std::span<const responses::item> items);

/// The conversation without the item *id*.
/// @param conversation As in `items_of`.
std::vector<chat::message> without_item(const std::vector<chat::message>& messages,
                                        std::string_view conversation, std::string_view id);

/// The conversation up to and with the item *id*.
std::vector<chat::message> up_to_item(const std::vector<chat::message>& messages,
                                      std::string_view conversation, std::string_view id);

/// The prompt of a conversation without the texts of its items: the instructions alone.
std::string instructions_of(std::span<const chat::message> messages);

} // namespace nekod::openai::conversations
