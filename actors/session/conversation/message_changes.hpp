#pragma once

#include "protocol/chat/request.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace nekod {

/// How a conversation differs from its stored form: its first messages stay, and all after them are
/// replaced. A turn that only goes on adds its own messages, however long the conversation is.
struct message_changes {
  message_changes() = default;
  message_changes(std::size_t k, std::vector<chat::message> m) : kept(k), added(std::move(m)) {}

  /// How many messages stay, from the beginning.
  std::size_t kept = 0;
  /// The messages after them.
  std::vector<chat::message> added;
};

/// How many messages at the beginning of both conversations are the same, byte for byte.
std::size_t common_beginning(std::span<const chat::message> a,
                             std::span<const chat::message> b) noexcept;

} // namespace nekod
