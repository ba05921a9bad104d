#include "protocol/sessions/health.hpp"

#include "protocol/sessions/sessions.hpp"
#include "protocol/text/json_strings.hpp"

#include <array>
#include <charconv>

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

using wall_time = std::chrono::system_clock::time_point;
using maybe_length = std::optional<std::chrono::milliseconds>;

/// A member with a time in milliseconds since the epoch, or null.
void append_time(std::string& out, std::string_view name, wall_time now, maybe_length offset) {
  out.append(",\"").append(name).append("\":");
  const auto time = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  out += offset ? std::to_string((time + *offset).count()) : "null";
}

maybe_length back(maybe_length length) { return length ? maybe_length{-*length} : length; }

void append_account(std::string& out, const shown_account& a, wall_time now) {
  out += R"({"id":)";
  json::append_quoted(out, a.id);
  out += R"(,"state":)";
  json::append_quoted(out, a.state);
  out += R"(,"code":)";
  if (a.code.empty())
    out += "null";
  else
    json::append_quoted(out, a.code);
  append_time(out, "since", now, back(a.in_state));
  append_time(out, "rests_until", now, a.rest);
  out += R"(,"turns":)" + std::to_string(a.turns);
  out += R"(,"weight":)";
  std::array<char, 32> weight{};
  const auto end = std::to_chars(weight.data(), weight.data() + weight.size(), a.weight).ptr;
  out.append(weight.data(), end).append("}");
}

/// Appends the members that only operators see.
void append_details(std::string& out, const upstream_standing& u, wall_time now) {
  append_time(out, "circuit_since", now, back(u.since_change));
  append_time(out, "next_probe", now, u.to_probe);
  out += R"(,"account_list":[)";
  std::string_view separator;
  for (const auto& a : u.accounts) {
    out += separator;
    append_account(out, a, now);
    separator = ",";
  }
  out += ']';
}

void append_standing(std::string& out, const upstream_standing& u, std::optional<wall_time> now) {
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
  out += ']';
  if (now)
    append_details(out, u, *now);
  out += '}';
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
                           const std::vector<upstream_standing>& upstreams, bool lacks_shared_store,
                           std::optional<std::chrono::system_clock::time_point> now) {
  std::string out = R"({"status":")";
  out += reasons.empty() ? "ready" : "not_ready";
  out += R"(","reasons":)";
  append_words(out, reasons);
  out += R"(,"upstreams":[)";
  std::string_view separator;
  for (const auto& u : upstreams) {
    out += separator;
    append_standing(out, u, now);
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
