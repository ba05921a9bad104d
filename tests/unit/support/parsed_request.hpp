#pragma once

#include "config.hpp"
#include "protocol/openai/chat/request_parser.hpp"

#include <string>
#include <utility>

namespace nekod::test {

/// Parses *body* with the limit on messages that is the default.
inline result<chat::request, chat::failure> parse_request(std::string body) {
  return openai::parse_chat_request(std::move(body), settings{}.transcript_messages);
}

} // namespace nekod::test
