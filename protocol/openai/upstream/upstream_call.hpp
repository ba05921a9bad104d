#pragma once

#include "protocol/chat/request.hpp"

#include <string>
#include <string_view>

/// Requests to an OpenAI-compatible server.
namespace nekod::openai {

/// The form of a server's parameters, for requests that came through another API.
struct server_form {
  server_form() = default;

  /// The member that limits the tokens of an answer: this one or `max_tokens`.
  std::string token_limit = "max_completion_tokens";
  /// Whether it is one of OpenAI's own.
  bool is_openai = false;
};

/// The body of a call to `/chat/completions`: everything that *r* asked for, known or unknown, as
/// written, but with another model and other messages, and without the fields addressed to nekod.
/// @param messages A JSON array.
std::string upstream_body(const chat::request& r, std::string_view model, std::string_view messages,
                          const server_form& server = {});

} // namespace nekod::openai
