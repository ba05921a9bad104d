#pragma once

#include "actors/runtime/home_loop.hpp"
#include "http/server/api/passing/pass_paths.hpp"
#include "protocol/openai/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace nekod::http {

class admission;
struct pass_options;
struct reply_options;

/// Limits, and what routes ask other parts. What has no value here must be set.
struct route_options {
  openai::language language{};
  std::shared_ptr<const reply_options> reply;
  /// The loop of the connection whose request is being handled, on its thread; empty where there is
  /// one thread.
  std::function<home_loop()> home;
  /// Checks keys, rates and origins; outlives the routes.
  const admission* gate = nullptr;
  /// Bytes of a body; more are answered 413.
  std::size_t max_body = 0;
  /// Messages of a chat; a request of more is answered 400.
  std::size_t max_messages = 0;
  /// Whether `X-Session-Id` always names a session; else it is a scope where no session has that
  /// name.
  bool header_names_sessions = false;
  /// Bytes of an address, its query included; more are answered 414.
  std::size_t max_url = 0;
  /// Bytes of all header fields; more are answered 431.
  std::size_t max_headers = 0;
  /// Requests being answered at a time; past them, requests that an upstream works for are answered
  /// 503.
  std::size_t max_requests = 0;
  /// How many there are now.
  std::function<std::size_t()> open_requests;
  /// Connections at a time; a request on a further one is answered 503, and its connection closed.
  std::size_t max_connections = 0;
  std::function<std::size_t()> open_connections;
  /// Resident bytes past which requests that an upstream works for are answered 503; 0 for no
  /// limit.
  std::size_t max_memory = 0;
  /// How many there are now.
  std::function<std::size_t()> memory;
  /// Whether there is an upstream that requests can pass to; without one their paths are unknown.
  bool passes = false;
  std::shared_ptr<const pass_options> pass;
  /// Paths that pass from any caller although they name objects.
  pass_list pass_paths;
  /// Bytes of a body that passes; more are answered 413.
  std::uint64_t max_upload = 0;
  /// What `GET /metrics` shows.
  std::function<std::string()> metrics_text;
  std::string version;
  /// The id that this process adds to `X-Nekod-Via` of what it asks of its upstreams.
  std::string instance;
};

} // namespace nekod::http
