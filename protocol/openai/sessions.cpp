#include "protocol/openai/sessions.hpp"

#include "protocol/json.hpp"

#include <array>
#include <cstdio>

namespace nekod::openai {
namespace {

void append_session(std::string& out, const session_info& s) {
  out += R"({"id":)";
  json::append_quoted(out, s.id);
  out += R"(,"model":)";
  json::append_quoted(out, s.model);
  out += R"(,"created_at":")" + timestamp(s.created_at);
  out += R"(","has_anuneko_chat":)";
  out += s.has_upstream_chat ? "true}" : "false}";
}

/// The manual's object for an outcome, open for more members.
std::string outcome(std::string_view status, std::string_view message) {
  std::string out = R"({"status":)";
  json::append_quoted(out, status);
  out += R"(,"message":)";
  json::append_quoted(out, message);
  return out;
}

} // namespace

std::string timestamp(std::chrono::system_clock::time_point t) {
  namespace chrono = std::chrono;
  const auto day = chrono::floor<chrono::days>(t);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss time{chrono::floor<chrono::microseconds>(t - day)};
  std::array<char, 64> text{};
  const auto length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string session_list_json(const std::vector<session_info>& sessions) {
  std::string out = R"({"sessions":[)";
  std::string_view separator;
  for (const auto& s : sessions) {
    out += separator;
    append_session(out, s);
    separator = ",";
  }
  out += R"(],"total":)" + std::to_string(sessions.size()) + "}";
  return out;
}

std::string session_deleted_json(language lang) {
  return outcome("success", lang == language::zh ? "会话已删除" : "The session was deleted") + "}";
}

std::string session_missing_json(language lang) {
  const error missing{error_code::session_not_found};
  // Our error object joins the manual's members: its opening brace becomes a comma.
  return outcome("error", message_of(missing, lang)) + "," + to_json(missing, lang).substr(1);
}

std::string health_json(std::chrono::system_clock::time_point now, std::string_view version) {
  std::string out = R"({"status":"healthy","timestamp":")" + timestamp(now) + R"(","version":)";
  json::append_quoted(out, version);
  out += '}';
  return out;
}

std::string alive_json() { return R"({"status":"alive"})"; }

std::string readiness_json(const std::vector<std::string>& reasons) {
  std::string out = R"({"status":")";
  out += reasons.empty() ? "ready" : "not_ready";
  out += R"(","reasons":[)";
  std::string_view separator;
  for (const auto& reason : reasons) {
    out += separator;
    json::append_quoted(out, reason);
    separator = ",";
  }
  out += "]}";
  return out;
}

std::string front_page_json(std::string_view version) {
  std::string out =
      R"({"name":"nekod","description":"An OpenAI API in front of stateful chat services","version":)";
  json::append_quoted(out, version);
  out += R"(,"endpoints":{)"
         R"("chat_completions":"POST /v1/chat/completions",)"
         R"("models":"GET /v1/models",)"
         R"("model":"GET /v1/models/{id}",)"
         R"("sessions":"GET /sessions",)"
         R"("delete_session":"DELETE /sessions/{id}",)"
         R"("health":"GET /health",)"
         R"("alive":"GET /health/live",)"
         R"("ready":"GET /health/ready",)"
         R"("metrics":"GET /metrics",)"
         R"("openapi":"GET /openapi.json"}})";
  return out;
}

} // namespace nekod::openai
