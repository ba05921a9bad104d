#pragma once

#include "actors/upstream/anuneko/anuneko_options.hpp"
#include "actors/upstream/upstream.hpp"

#include <memory>

namespace nekod {

/// The AnuNeko service behind *net*: a chat is created for a conversation's first turn, takes one
/// message at a time, and requires each reply to be chosen before the next message. It stays with
/// the account that created it; if that is refused or gone, the conversation gets a new chat.
/// @param net Must outlive the service and all its conversations.
std::shared_ptr<upstream_service> make_anuneko(transport& net, const anuneko_options& options);

} // namespace nekod
