#include "protocol/chat/failure.hpp"

#include <array>

namespace nekod::chat {
namespace {

struct row {
  failure_code code;
  std::string_view name;
};

constexpr auto rows = std::to_array<row>({
    {failure_code::malformed_request, "malformed_request"},
    {failure_code::empty_body, "empty_body"},
    {failure_code::invalid_json, "invalid_json"},
    {failure_code::invalid_encoding, "invalid_encoding"},
    {failure_code::nesting_too_deep, "nesting_too_deep"},
    {failure_code::invalid_type, "invalid_type"},
    {failure_code::invalid_value, "invalid_value"},
    {failure_code::missing_required_parameter, "missing_required_parameter"},
    {failure_code::empty_messages, "empty_messages"},
    {failure_code::no_user_message, "no_user_message"},
    {failure_code::invalid_session_id, "invalid_session_id"},
    {failure_code::unsupported_parameter, "unsupported_parameter"},
    {failure_code::context_length_exceeded, "context_length_exceeded"},
    {failure_code::conversation_too_large, "conversation_too_large"},
    {failure_code::upstream_refused, "upstream_refused"},
    {failure_code::session_deleted, "session_deleted"},
    {failure_code::invalid_api_key, "invalid_api_key"},
    {failure_code::host_not_allowed, "host_not_allowed"},
    {failure_code::origin_not_allowed, "origin_not_allowed"},
    {failure_code::admin_key_required, "admin_key_required"},
    {failure_code::key_not_found, "key_not_found"},
    {failure_code::confirmation_required, "confirmation_required"},
    {failure_code::last_key, "last_key"},
    {failure_code::keys_not_writable, "keys_not_writable"},
    {failure_code::model_not_found, "model_not_found"},
    {failure_code::session_not_found, "session_not_found"},
    {failure_code::previous_response_not_found, "previous_response_not_found"},
    {failure_code::response_not_found, "response_not_found"},
    {failure_code::item_not_found, "item_not_found"},
    {failure_code::conversation_not_found, "conversation_not_found"},
    {failure_code::conversation_locked, "conversation_locked"},
    {failure_code::stream_expired, "stream_expired"},
    {failure_code::cancelled, "cancelled"},
    {failure_code::not_found, "not_found"},
    {failure_code::method_not_allowed, "method_not_allowed"},
    {failure_code::content_too_large, "content_too_large"},
    {failure_code::unsupported_media_type, "unsupported_media_type"},
    {failure_code::upgrade_not_supported, "upgrade_not_supported"},
    {failure_code::uri_too_long, "uri_too_long"},
    {failure_code::header_too_large, "header_too_large"},
    {failure_code::rate_limit_exceeded, "rate_limit_exceeded"},
    {failure_code::session_busy, "session_busy"},
    {failure_code::upstream_auth_failed, "upstream_auth_failed"},
    {failure_code::upstream_loop, "upstream_loop"},
    {failure_code::upstream_error, "upstream_error"},
    {failure_code::upstream_timeout, "upstream_timeout"},
    {failure_code::overloaded, "overloaded"},
    {failure_code::node_unreachable, "node_unreachable"},
    {failure_code::store_unavailable, "store_unavailable"},
    {failure_code::internal_error, "internal_error"},
});

constexpr bool in_order = [] {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i)
      return false;
  return true;
}();

static_assert(rows.size() == static_cast<std::size_t>(failure_code::count), "one row a code");
static_assert(in_order, "rows stand in the order of the codes");

} // namespace

failure retry_soon(failure_code code, std::string detail) {
  failure result{code, {}, std::move(detail)};
  result.retry_after = std::chrono::seconds{2};
  return result;
}

std::string_view name_of(failure_code code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < rows.size() ? rows[index].name : name_of(failure_code::internal_error);
}

} // namespace nekod::chat
