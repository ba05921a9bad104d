#include "http/server/api/common_answers.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace nekod::http {

fields common_fields(const std::string& request_id) { return {{"X-Request-Id", request_id}}; }

fields cors_fields(std::string_view origin) {
  return {{"Access-Control-Allow-Origin", std::string{origin}},
          {"Access-Control-Expose-Headers",
           "X-Request-Id, X-Session-Id, X-Session-Match, X-Ignored-Parameters, X-Model-Fallback, "
           "X-Upstream, Idempotent-Replayed, X-Resumable, Retry-After, Retry-After-Ms, "
           "X-Should-Retry"}};
}

void respond_error(exchange& x, const chat::failure& e, language lang,
                   const std::string& request_id) {
  x.notes().error = name_of(e.code);
  auto headers = common_fields(request_id);
  headers.emplace_back("Content-Type", "application/json");
  if (e.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*e.retry_after);
    headers.emplace_back("Retry-After", std::to_string(seconds.count()));
    headers.emplace_back("Retry-After-Ms", std::to_string(e.retry_after->count()));
  }
  if (!openai::retriable(e.code) || e.maybe_taken)
    headers.emplace_back("X-Should-Retry", "false");
  if (e.code == chat::failure_code::invalid_api_key)
    headers.emplace_back("WWW-Authenticate", "Bearer");
  if (e.code == chat::failure_code::unsupported_media_type)
    headers.emplace_back("Accept-Encoding", "identity");
  x.respond(openai::status_of(e), std::move(headers), openai::to_json(e, lang));
}

} // namespace nekod::http
