#include "protocol/sessions/sessions.hpp"

#include "protocol/chat/request.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

namespace nekod {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

/// Between a cursor's time and id. Neither contains it, and it needs no escape in URLs.
constexpr char place_separator = '~';

/// Beyond this number of microseconds a clock of nanoseconds overflows.
constexpr std::int64_t latest_place = 9'000'000'000'000'000;

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
  if (!s.conversation.empty())
    out += R"(,"conversation":"conv_)" + s.conversation + '"';
  if (!s.running_response.empty()) {
    out += R"(,"response":)";
    json::append_quoted(out, s.running_response);
  }
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

void session_info::keep_for(std::chrono::seconds time, std::chrono::system_clock::time_point now) {
  kept_until =
      std::max(kept_until, time.count() > 0 ? now + time : system_clock::time_point::max());
}

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
  if (!chat::valid_session_id(id))
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

std::string session_search_json(const session_page& page, std::size_t searched) {
  auto out = session_list_json(page);
  out.pop_back();
  return out + R"(,"searched":)" + std::to_string(searched) + "}";
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
  const chat::failure missing{chat::failure_code::session_not_found};
  // Our error object joins the manual's members: its opening brace becomes a comma.
  return outcome("error", openai::message_of(missing, lang)) + "," +
         openai::to_json(missing, lang).substr(1);
}

} // namespace nekod
