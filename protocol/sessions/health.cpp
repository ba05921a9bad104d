#include "protocol/sessions/health.hpp"

#include "protocol/sessions/sessions.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod {
namespace {

/// A JSON array of strings.
void append_words(std::string& out, const std::vector<std::string>& words) {
  out += '[';
  std::string_view separator;
  for (const auto& word : words) {
    out += separator;
    json::append_quoted(out, word);
    separator = ",";
  }
  out += ']';
}

void append_standing(std::string& out, const upstream_standing& u) {
  out += R"({"name":)";
  json::append_quoted(out, u.name);
  out += R"(,"circuit":)";
  json::append_quoted(out, u.circuit);
  out += R"(,"accounts":{"working":)" + std::to_string(u.working);
  out += R"(,"refused":)" + std::to_string(u.refused);
  out += R"(,"limited":)" + std::to_string(u.limited);
  out += R"(,"unreachable":)" + std::to_string(u.unreachable) + "}";
  out += R"(,"reasons":)";
  append_words(out, u.reasons);
  out += R"(,"limits":[)";
  std::string_view separator;
  for (const auto& limit : u.limits) {
    out.append(separator).append(R"({"model":)");
    json::append_quoted(out, limit.model);
    out += R"(,"accounts":)" + std::to_string(limit.accounts);
    out += R"(,"seconds":)" + std::to_string(limit.left.count()) + "}";
    separator = ",";
  }
  out += "]}";
}

} // namespace

std::string health_json(std::chrono::system_clock::time_point now, std::string_view version) {
  std::string out = R"({"status":"healthy","timestamp":")" + timestamp(now) + R"(","version":)";
  json::append_quoted(out, version);
  out += '}';
  return out;
}

std::string alive_json() { return R"({"status":"alive"})"; }

std::string readiness_json(const std::vector<std::string>& reasons,
                           const std::vector<upstream_standing>& upstreams,
                           bool lacks_shared_store) {
  std::string out = R"({"status":")";
  out += reasons.empty() ? "ready" : "not_ready";
  out += R"(","reasons":)";
  append_words(out, reasons);
  out += R"(,"upstreams":[)";
  std::string_view separator;
  for (const auto& u : upstreams) {
    out += separator;
    append_standing(out, u);
    separator = ",";
  }
  out += lacks_shared_store ? R"(],"store":"unavailable"})" : "]}";
  return out;
}

std::string front_page_json(std::string_view version) {
  std::string out =
      R"({"name":"nekod","description":"An OpenAI API in front of stateful chat services","version":)";
  json::append_quoted(out, version);
  out += R"(,"endpoints":{)"
         R"("chat_completions":"POST /v1/chat/completions",)"
         R"("responses":"POST /v1/responses",)"
         R"("response":"GET /v1/responses/{id}",)"
         R"("delete_response":"DELETE /v1/responses/{id}",)"
         R"("cancel_response":"POST /v1/responses/{id}/cancel",)"
         R"("input_items":"GET /v1/responses/{id}/input_items",)"
         R"("compact":"POST /v1/responses/compact",)"
         R"("begin_conversation":"POST /v1/conversations",)"
         R"("conversation":"GET /v1/conversations/{id}",)"
         R"("update_conversation":"POST /v1/conversations/{id}",)"
         R"("delete_conversation":"DELETE /v1/conversations/{id}",)"
         R"("items":"GET /v1/conversations/{id}/items",)"
         R"("add_items":"POST /v1/conversations/{id}/items",)"
         R"("item":"GET /v1/conversations/{id}/items/{item}",)"
         R"("delete_item":"DELETE /v1/conversations/{id}/items/{item}",)"
         R"("models":"GET /v1/models",)"
         R"("model":"GET /v1/models/{id}",)"
         R"("sessions":"GET /sessions",)"
         R"("session":"GET /sessions/{id}",)"
         R"("delete_session":"DELETE /sessions/{id}",)"
         R"("delete_sessions":"DELETE /sessions",)"
         R"("health":"GET /health",)"
         R"("alive":"GET /health/live",)"
         R"("ready":"GET /health/ready",)"
         R"("metrics":"GET /metrics",)"
         R"("me":"GET /me",)"
         R"("operations":"GET /operations",)"
         R"("keys":"GET /keys",)"
         R"("create_key":"POST /keys",)"
         R"("change_key":"POST /keys/{id}",)"
         R"("revoke_key":"DELETE /keys/{id}",)"
         R"("openapi":"GET /openapi.json"}})";
  return out;
}

} // namespace nekod
