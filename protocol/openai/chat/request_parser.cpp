#include "protocol/openai/chat/request_parser.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/chat/request_parts.hpp"
#include "protocol/text/json.hpp"

#include <utility>

namespace nekod::openai {

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
