#pragma once

#include "actors/runtime/home_loop.hpp"
#include "http/server/api/passing/pass_paths.hpp"
#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod {
class conversation_digest;
struct resumption_rules;
} // namespace nekod

namespace nekod::http {

class admission;
class key_keeper;
struct cluster_options;
struct pass_options;
struct reply_options;
struct shared_limits;

/// The limits and dependencies of routes. Members without a value here must be set.
struct route_options {
  nekod::language language{};
  std::shared_ptr<const reply_options> reply;
  /// The loop of the connection whose request is being handled; called on that loop's thread. Empty
  /// if there is only one thread.
  std::function<home_loop()> home;
  /// Checks keys, rates and origins; outlives the routes.
  const admission* gate = nullptr;
  /// Changes the API keys; outlives the routes.
  key_keeper* keys = nullptr;
  /// The most bytes of a body; a larger one is answered with 413.
  std::size_t max_body = 0;
  /// The most messages of a chat; a request with more is answered with 400.
  std::size_t max_messages = 0;
  /// How long responses are kept; zero for ever. Nothing if the store keeps no texts, and so no
  /// responses.
  std::optional<std::chrono::seconds> response_age;
  /// The digests under the store's key.
  std::shared_ptr<const conversation_digest> digest;
  /// How long conversations are kept without use; zero for ever.
  std::chrono::seconds conversation_age{0};
  /// The answers whose clients may come back, and how they are kept.
  std::shared_ptr<const resumption_rules> resumption;
  /// How requests are handed on to other nodes; null if there are none.
  std::shared_ptr<const cluster_options> cluster;
  /// How limits are counted by all nodes together; null if each counts by itself.
  std::shared_ptr<const shared_limits> limits;
  /// Whether `X-Session-Id` always names a session; otherwise it is a scope if no session has that
  /// name.
  bool header_names_sessions = false;
  /// The most bytes of a URL, including its query; a longer one is answered with 414.
  std::size_t max_url = 0;
  /// The most bytes of all header fields; more are answered with 431.
  std::size_t max_headers = 0;
  /// The most concurrent requests; beyond it, requests that an upstream has to work for are
  /// answered with 503.
  std::size_t max_requests = 0;
  /// The number of concurrent requests now, with what runs in the background.
  std::function<std::size_t()> open_requests;
  /// The most concurrent connections; a request on a further one is answered with 503, and its
  /// connection closed.
  std::size_t max_connections = 0;
  std::function<std::size_t()> open_connections;
  /// The resident bytes beyond which requests that an upstream has to work for are answered with
  /// 503; 0 for no limit.
  std::size_t max_memory = 0;
  /// The resident bytes now.
  std::function<std::size_t()> memory;
  /// Whether there is an upstream that requests can pass to; otherwise such paths are unknown.
  bool passes = false;
  std::shared_ptr<const pass_options> pass;
  /// Paths that pass for every caller although they name objects.
  pass_list pass_paths;
  /// The most bytes of a passing body; a larger one is answered with 413.
  std::uint64_t max_upload = 0;
  /// Returns the text for `GET /metrics`.
  std::function<std::string()> metrics_text;
  /// Returns the same figures as JSON.
  std::function<std::string()> figures;
  /// Returns the failures after the one with that number, as JSON.
  std::function<std::string(std::uint64_t)> failures;
  /// The byte budget, for `GET /operations`.
  std::size_t max_buffered = 0;
  /// Whether the store keeps the texts of messages.
  bool keeps_texts = true;
  /// Whether a browser gets the web page.
  bool page = true;
  /// Whether clients use TLS.
  bool over_tls = false;
  std::string version;
  /// The id that this process adds to `X-Nekod-Via` in its calls to upstreams.
  std::string instance;
};

} // namespace nekod::http
