#pragma once

#include "protocol/openai/chat/request.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// The steps of reading a request's body.
namespace nekod::openai {

/// Records a fault that some upstreams may accept; keeps the first one.
void object_to(chat_request& r, error e);

/// Reads every known member of *body* except `messages` into *r*.
/// @returns the first fatal fault, in a field that nekod itself depends on.
std::optional<error> read_parameters(const json::value& body, chat_request& r);

/// Reads the `messages` of *body*, at most *most*, into *r*.
/// @returns the first fatal fault; others are recorded as objection.
std::optional<error> read_messages(const json::value& body, std::size_t most, chat_request& r);

/// A message, the places of its parts that are not text, and a fault in it that some upstreams may
/// accept.
struct heard_message {
  message said;
  std::vector<std::string> demands;
  std::optional<error> objection;
};

/// Reads one message.
result<heard_message, error> read_message(const json::value& m, const std::string& place);

/// The content of *m* other than text, as in `message::more`.
std::string more_of(const json::value& m, role speaker);

} // namespace nekod::openai
