#include "protocol/sessions/sessions.hpp"

#include "protocol/openai/chat/request.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

namespace nekod::openai {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

/// Between a cursor's time and id. Neither contains it, and it needs no escape in URLs.
constexpr char place_separator = '~';

/// Beyond this number of microseconds a clock of nanoseconds overflows.
constexpr std::int64_t latest_place = 9'000'000'000'000'000;

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

void append_session(std::string& out, const session_info& s) {
  out += R"({"id":)";
  json::append_quoted(out, s.id);
  out += R"(,"model":)";
  json::append_quoted(out, s.model);
  out += R"(,"created_at":")" + timestamp(s.created_at);
  out += R"(","has_anuneko_chat":)";
  out += s.has_upstream_chat ? "true" : "false";
  out += R"(,"last_used_at":")" + timestamp(s.last_used);
  out += R"(","turns":)" + std::to_string(s.turns);
  out += R"(,"state":)";
  json::append_quoted(out, s.state);
  out += '}';
}

/// The manual's object for an outcome, without its closing brace.
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

std::string to_text(const session_place& p) {
  auto time = std::chrono::floor<microseconds>(p.created_at.time_since_epoch());
  return std::to_string(time.count()) + place_separator + p.id;
}

std::optional<session_place> parse_place(std::string_view text) {
  auto separator = std::min(text.find(place_separator), text.size());
  std::int64_t time = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + separator, time);
  if (fault != std::errc{} || end != text.data() + separator || time < 0 || time > latest_place)
    return std::nullopt;
  auto id = text.substr(std::min(separator + 1, text.size()));
  if (!valid_session_id(id))
    return std::nullopt;
  return session_place{system_clock::time_point{microseconds{time}}, std::string{id}};
}

std::string session_list_json(const session_page& page) {
  std::string out = R"({"sessions":[)";
  std::string_view separator;
  for (const auto& s : page.sessions) {
    out += separator;
    append_session(out, s);
    separator = ",";
  }
  out += R"(],"total":)" + std::to_string(page.total) + R"(,"has_more":)";
  out += page.next ? R"(true,"next":")" + to_text(*page.next) + R"("})" : "false}";
  return out;
}

std::string session_json(const session_info& s) {
  std::string out;
  append_session(out, s);
  return out;
}

std::string session_deleted_json(language lang) {
  return outcome("success", lang == language::zh ? "会话已删除" : "The session was deleted") + "}";
}

std::string sessions_deleted_json(std::uint64_t count, language lang) {
  auto message = lang == language::zh ? "会话已删除" : "The sessions were deleted";
  return outcome("success", message) + R"(,"deleted":)" + std::to_string(count) + "}";
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

std::string readiness_json(const std::vector<std::string>& reasons,
                           const std::vector<upstream_standing>& upstreams) {
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
         R"("session":"GET /sessions/{id}",)"
         R"("delete_session":"DELETE /sessions/{id}",)"
         R"("delete_sessions":"DELETE /sessions",)"
         R"("health":"GET /health",)"
         R"("alive":"GET /health/live",)"
         R"("ready":"GET /health/ready",)"
         R"("metrics":"GET /metrics",)"
         R"("openapi":"GET /openapi.json"}})";
  return out;
}

} // namespace nekod::openai
