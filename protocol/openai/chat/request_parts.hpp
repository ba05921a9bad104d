#pragma once

#include "protocol/openai/chat/request.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// The parts of reading a request's body.
namespace nekod::openai {

/// Takes down a fault that the upstream may have another mind of; the first one stands.
void object_to(chat_request& r, error e);

/// Reads every known member of *body* but `messages` into *r*.
/// @returns the first fault found in what we go by ourselves.
std::optional<error> read_parameters(const json::value& body, chat_request& r);

/// Reads the `messages` of *body*, which may be *most*, into *r*.
/// @returns the first fault found, but for those that it objects to only.
std::optional<error> read_messages(const json::value& body, std::size_t most, chat_request& r);

/// What the message at *place* says, with the places of parts that are no text, and the fault in it
/// that it is objected to for.
struct heard_message {
  message said;
  std::vector<std::string> demands;
  std::optional<error> objection;
};

/// Reads one message.
result<heard_message, error> read_message(const json::value& m, const std::string& place);

/// What *m* says beside its content's text, as in `message::more`.
std::string more_of(const json::value& m, role speaker);

} // namespace nekod::openai
