#pragma once

#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <vector>

/// The steps of reading a request's body.
namespace nekod::openai {

/// Records a fault that some upstreams may accept; keeps the first one.
void object_to(chat::request& r, chat::failure e);

/// Reads every known member of *body* except `messages` into *r*.
/// @returns the first fatal fault, in a field that nekod itself depends on.
std::optional<chat::failure> read_parameters(const json::value& body, chat::request& r);

/// Reads the `messages` of *body*, at most *most*, into *r*.
/// @returns the first fatal fault; others are recorded as objection.
std::optional<chat::failure> read_messages(const json::value& body, std::size_t most,
                                           chat::request& r);

/// A message, the places of its parts that are not text, and a fault in it that some upstreams may
/// accept.
struct heard_message {
  chat::message said;
  std::vector<std::string> demands;
  std::optional<chat::failure> objection;
};

/// Reads one message.
result<heard_message, chat::failure> read_message(const json::value& m, const std::string& place);

/// The content of *m* other than text, as in `message::more`.
std::string more_of(const json::value& m, chat::role speaker);

} // namespace nekod::openai
