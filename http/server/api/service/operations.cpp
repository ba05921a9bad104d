#include "http/server/api/service/operations.hpp"

#include "http/server/api/request_context.hpp"
#include "http/server/message/path.hpp"
#include "protocol/sessions/health.hpp"
#include "protocol/text/json_strings.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace nekod::http {

namespace {

/// The number after which failures are asked for; 0 for all. Nothing if it is no number.
std::optional<std::uint64_t> sequence_in(std::string_view query) {
  auto fields = query_fields(query);
  if (!fields)
    return std::nullopt;
  std::uint64_t result = 0;
  for (const auto& [name, value] : *fields) {
    if (name != "after")
      continue;
    const auto* end = value.data() + value.size();
    if (auto [stop, fault] = std::from_chars(value.data(), end, result);
        fault != std::errc{} || stop != end)
      return std::nullopt;
  }
  return result;
}

std::string milliseconds_now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

std::string operations_json(const request_context& c, const readiness& r, std::uint64_t after) {
  const auto& o = c.api.options;
  auto reasons = r.reasons;
  if (c.api.leaving)
    reasons.insert(reasons.begin(), "draining");
  std::string out =
      readiness_json(reasons, r.upstreams, r.lacks_shared_store, std::chrono::system_clock::now());
  out.pop_back(); // Its closing brace.
  out += R"(,"version":)";
  json::append_quoted(out, o.version);
  out += R"(,"started":)" + std::to_string(c.api.started * 1000);
  out += R"(,"time":)" + milliseconds_now();
  out += R"(,"limits":{"connections":)" + std::to_string(o.max_connections);
  out += R"(,"requests":)" + std::to_string(o.max_requests);
  out += R"(,"memory":)" + (o.max_memory > 0 ? std::to_string(o.max_memory) : "null");
  out += R"(,"buffered":)" + std::to_string(o.max_buffered);
  out += R"(},"figures":)" + o.figures();
  out += R"(,"failures":)" + o.failures(after) + "}";
  return out;
}

} // namespace

void answer_operations(const request_context& c) {
  if (!c.who.admin)
    return c.refuse(chat::failure_code::admin_key_required);
  auto after = sequence_in(c.req().query);
  if (!after)
    return c.refuse({chat::failure_code::invalid_value, "after", "must be a number"});
  c.ask<readiness>(
      [after = *after](const request_context& asked, const readiness& r) {
        asked.respond_json(200, operations_json(asked, r, after));
      },
      atom::ready_v);
}

} // namespace nekod::http
