#include "http/server/api/answer/response_form.hpp"

#include <utility>

namespace nekod::http {

namespace responses = openai::responses;

responses::response_head head_of(const responses::create_request& asked) {
  responses::response_head head;
  head.stored = asked.store;
  head.previous_response_id = asked.previous_response_id;
  head.conversation = asked.conversation;
  head.echo = asked.echo;
  return head;
}

responses::response_head filled(responses::response_head head, std::string_view id,
                                std::int64_t created, std::string model, std::string session_id) {
  head.id = std::string{response_prefix}.append(id);
  head.created_at = created;
  head.model = std::move(model);
  head.session_id = std::move(session_id);
  return head;
}

responses::reasoning_form reasoning_of(const responses::create_request& asked) noexcept {
  return {.in_summary = asked.wants_summary, .sealed = asked.wants_sealed_reasoning};
}

} // namespace nekod::http
