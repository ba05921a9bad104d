#pragma once

#include "http/server/api/passing/pass_paths.hpp"

#include <cstdint>
#include <string_view>

namespace nekod::http {

struct request_context;

/// The method of an endpoint that accepts all methods that can pass through.
inline constexpr std::string_view any_method = "*";

/// Whether an upstream has to work for a request, and how. Such a request is refused if there is no
/// capacity; others are always answered.
enum class upstream_work : std::uint8_t { none, chat, passed };

/// One path that is answered, for one method.
struct endpoint {
  /// Below `/v1`, which may be left out. A path that ends in a slash is followed by an id.
  std::string_view path;
  std::string_view method;
  /// For `Allow`: the methods of all endpoints at this path.
  const char* allowed;
  /// Its name in metrics and the log, from a fixed set.
  const char* word;
  void (*answer)(const request_context&);
  upstream_work work = upstream_work::none;
  /// Whether its requests count against the limit on chats.
  bool counts_as_chat = false;
  /// Whether it needs no key.
  bool needs_no_key = false;
  /// Whether it is for monitoring: it has no rate limit, and is answered while nekod drains or is
  /// overloaded.
  bool for_monitoring = false;
  /// Whether pages of other origins may use it if no key is needed.
  bool shared = false;
  /// Whether it is answered under any host name.
  bool any_host = false;
  /// Whether it is about answers that may be kept by another node, which hands its requests on.
  bool relayed = false;

  bool is_at(std::string_view raw) const {
    auto has_id = path.size() > 1 && path.back() == '/';
    return has_id ? raw.substr(0, path.size()) == path : raw == path;
  }

  bool takes(std::string_view m) const {
    return method == any_method ? is_passed_method(m)
                                : m == method || (m == "HEAD" && method == "GET");
  }
};

} // namespace nekod::http
