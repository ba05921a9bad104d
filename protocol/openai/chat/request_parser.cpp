#include "protocol/openai/chat/request_parser.hpp"

#include "protocol/openai/chat/request_parts.hpp"
#include "protocol/text/json.hpp"

#include <utility>

namespace nekod::openai {
namespace {

chat::failure body_error(const json::document& doc) {
  const auto position = "at byte " + std::to_string(doc.offset);
  switch (doc.error) {
  case json::fault::empty:
    return chat::failure{chat::failure_code::empty_body};
  case json::fault::encoding:
    return {chat::failure_code::invalid_encoding, {}, position};
  case json::fault::too_deep:
    return {chat::failure_code::nesting_too_deep,
            {},
            "the limit is " + std::to_string(json::max_depth) + " levels"};
  default:
    return {chat::failure_code::invalid_json, {}, position};
  }
}

} // namespace

result<chat::request, chat::failure> parse_chat_request(std::string body,
                                                        std::size_t max_messages) {
  chat::request r;
  r.body = std::move(body);
  const auto doc = json::parse(r.body);
  if (!doc)
    return body_error(doc);
  if (!doc.root.IsObject())
    return chat::failure{chat::failure_code::invalid_type, {}, "expected an object"};
  if (auto e = read_messages(doc.root, max_messages, r))
    return *std::move(e);
  if (auto e = read_parameters(doc.root, r))
    return *std::move(e);
  return r;
}

} // namespace nekod::openai
