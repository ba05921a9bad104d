#pragma once

#include "protocol/openai/errors.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of the endpoints that OpenAI does not have: sessions, health and the front page.
/// Shapes and texts are the manual's.
namespace nekod::openai {

/// A session as `GET /sessions` shows it.
struct session_info {
  session_info() = default;

  std::string id;
  /// Whose it is; not shown.
  std::string tenant;
  /// The model's name as clients write it.
  std::string model;
  std::chrono::system_clock::time_point created_at;
  /// Whether the upstream has a chat for it.
  bool has_upstream_chat = false;
};

/// UTC as `2023-03-01T12:00:00.000000`, the manual's form.
std::string timestamp(std::chrono::system_clock::time_point t);

/// `{"sessions":[...],"total":n}`.
std::string session_list_json(const std::vector<session_info>& sessions);

/// `{"status":"success","message":"会话已删除"}`.
std::string session_deleted_json(language lang);

/// The manual's `{"status":"error","message":...}` with our `error` object beside it, so that
/// readers of either find what they look for.
std::string session_missing_json(language lang);

/// `{"status":"healthy","timestamp":...,"version":...}`.
std::string health_json(std::chrono::system_clock::time_point now, std::string_view version);

/// `{"status":"alive"}`: the process answers.
std::string alive_json();

/// Whether turns can be answered: `{"status":"ready","reasons":[]}`, or `not_ready` with stable
/// words.
std::string readiness_json(const std::vector<std::string>& reasons);

/// `GET /`: what this is, and where its endpoints are.
std::string front_page_json(std::string_view version);

} // namespace nekod::openai
