#include "protocol/openai/conversations/conversation_object.hpp"

#include "protocol/text/json_strings.hpp"

namespace nekod::openai::conversations {

std::string conversation_json(std::string_view id, std::int64_t created_at,
                              std::string_view metadata) {
  std::string out = R"({"id":)";
  json::append_quoted(out, id);
  out.append(R"(,"object":"conversation","created_at":)").append(std::to_string(created_at));
  return out.append(R"(,"metadata":)").append(metadata).append("}");
}

std::string deleted_json(std::string_view id) {
  std::string out = R"({"id":)";
  json::append_quoted(out, id);
  return out + R"(,"object":"conversation.deleted","deleted":true})";
}

} // namespace nekod::openai::conversations
