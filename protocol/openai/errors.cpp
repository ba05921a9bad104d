#include "protocol/openai/errors.hpp"

#include "protocol/text/json_strings.hpp"

#include <array>

namespace nekod::openai {
namespace {

/// What a client gets for one code.
struct row {
  error_code code;
  std::uint16_t status;
  std::string_view type;
  std::string_view name;
  std::string_view zh;
  std::string_view en;
  bool retriable = false;
  /// Whether the text needs the field's name; the manual's texts stay as they are.
  bool names_field = false;
};

constexpr bool retry = true;
constexpr bool field = true;

constexpr std::string_view request_error = "invalid_request_error";
constexpr std::string_view authentication_error = "authentication_error";
constexpr std::string_view rate_limit_error = "rate_limit_error";
constexpr std::string_view server_error = "server_error";

constexpr auto rows = std::to_array<row>({
    {error_code::malformed_request, 400, request_error, "malformed_request", "请求不符合 HTTP 规范",
     "The request is not valid HTTP"},
    {error_code::empty_body, 400, request_error, "empty_body", "请求体不能为空",
     "The request body must not be empty"},
    {error_code::invalid_json, 400, request_error, "invalid_json", "请求体不是有效的 JSON",
     "The request body is not valid JSON"},
    {error_code::invalid_encoding, 400, request_error, "invalid_encoding",
     "请求体不是有效的 UTF-8 文本", "The request body is not valid UTF-8 text"},
    {error_code::nesting_too_deep, 400, request_error, "nesting_too_deep", "请求体嵌套过深",
     "The request body is nested too deeply"},
    {error_code::invalid_type, 400, request_error, "invalid_type", "参数类型错误", "Wrong type",
     !retry, field},
    {error_code::invalid_value, 400, request_error, "invalid_value", "参数取值无效",
     "Invalid value", !retry, field},
    {error_code::missing_required_parameter, 400, request_error, "missing_required_parameter",
     "缺少必需参数", "Missing required parameter", !retry, field},
    {error_code::empty_messages, 400, request_error, "empty_messages", "messages 不能为空",
     "messages must not be empty"},
    {error_code::no_user_message, 400, request_error, "no_user_message", "未找到用户消息",
     "No user message was found"},
    {error_code::invalid_session_id, 400, request_error, "invalid_session_id", "会话 ID 无效",
     "Invalid session ID", !retry, field},
    {error_code::unsupported_parameter, 400, request_error, "unsupported_parameter",
     "上游服务不支持该参数", "Not supported by the upstream service", !retry, field},
    {error_code::context_length_exceeded, 400, request_error, "context_length_exceeded", "对话过长",
     "The conversation is too long"},
    {error_code::conversation_too_large, 413, request_error, "conversation_too_large",
     "对话超过本服务的限制", "The conversation exceeds this service's limit"},
    {error_code::upstream_refused, 400, request_error, "upstream_refused", "上游服务拒绝了该请求",
     "The upstream service refused the request"},
    {error_code::session_deleted, 404, request_error, "session_deleted", "会话已删除",
     "The session was deleted"},
    {error_code::invalid_api_key, 401, authentication_error, "invalid_api_key", "API Key 无效",
     "The API key is not valid"},
    {error_code::host_not_allowed, 403, request_error, "host_not_allowed",
     "没有 API Key 时不允许该主机名", "This host name is not allowed without API keys"},
    {error_code::origin_not_allowed, 403, request_error, "origin_not_allowed",
     "没有 API Key 时不允许该网页来源", "This page's origin is not allowed without API keys"},
    {error_code::model_not_found, 404, request_error, "model_not_found", "模型不存在",
     "The model does not exist"},
    {error_code::session_not_found, 404, request_error, "session_not_found", "会话不存在",
     "The session does not exist"},
    {error_code::not_found, 404, request_error, "not_found", "端点不存在",
     "The endpoint does not exist"},
    {error_code::method_not_allowed, 405, request_error, "method_not_allowed",
     "该端点不支持此请求方法", "The endpoint does not support this method"},
    {error_code::content_too_large, 413, request_error, "content_too_large", "请求体过大",
     "The request body is too large"},
    {error_code::unsupported_media_type, 415, request_error, "unsupported_media_type",
     "不支持该请求体编码", "The content encoding of the request body is not supported", !retry,
     field},
    {error_code::upgrade_not_supported, 426, request_error, "upgrade_not_supported",
     "该端点不支持协议升级", "The endpoint does not support protocol upgrades"},
    {error_code::uri_too_long, 414, request_error, "uri_too_long", "请求地址过长",
     "The request's URL is too long"},
    {error_code::header_too_large, 431, request_error, "header_too_large", "请求头过大",
     "The request's header fields are too large"},
    {error_code::rate_limit_exceeded, 429, rate_limit_error, "rate_limit_exceeded",
     "请求过于频繁，请稍后重试", "Too many requests; try again later", retry},
    {error_code::session_busy, 429, rate_limit_error, "session_busy", "会话繁忙，请稍后重试",
     "The session is busy; try again later", retry},
    {error_code::upstream_auth_failed, 502, authentication_error, "upstream_auth_failed",
     "上游服务认证失败，请检查账号凭据（如 ANUNEKO_TOKEN）",
     "The upstream service refused the account; check its credentials (such as ANUNEKO_TOKEN)"},
    {error_code::upstream_loop, 508, server_error, "upstream_loop",
     "上游服务又指回本服务，请检查上游地址",
     "The upstream leads back to this nekod; check the upstream's URL"},
    {error_code::upstream_error, 502, server_error, "upstream_error", "上游服务出错",
     "The upstream service failed", retry},
    {error_code::upstream_timeout, 504, server_error, "upstream_timeout", "上游服务响应超时",
     "The upstream service took too long", retry},
    {error_code::overloaded, 503, server_error, "overloaded", "服务器繁忙，请稍后重试",
     "The server is overloaded; try again later", retry},
    {error_code::store_unavailable, 503, server_error, "store_unavailable",
     "会话存储暂时不可用，请稍后重试", "The session store is not available; try again later",
     retry},
    {error_code::internal_error, 500, server_error, "internal_error", "服务器内部错误",
     "Internal server error", retry},
});

constexpr bool in_order = [] {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i)
      return false;
  return true;
}();

static_assert(rows.size() == static_cast<std::size_t>(error_code::count), "one row a code");
static_assert(in_order, "rows stand in the order of the codes");

constexpr const row& row_of(error_code code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < rows.size() ? rows[index] : rows.back();
}

} // namespace

error retry_soon(error_code code, std::string detail) {
  error result{code, {}, std::move(detail)};
  result.retry_after = std::chrono::seconds{2};
  return result;
}

std::uint16_t status_of(error_code code) noexcept { return row_of(code).status; }

std::uint16_t status_of(const error& e) noexcept {
  return e.foreign && e.foreign->status != 0 ? e.foreign->status : status_of(e.code);
}

std::string_view name_of(error_code code) noexcept { return row_of(code).name; }

std::string_view type_of(error_code code) noexcept { return row_of(code).type; }

bool retriable(error_code code) noexcept { return row_of(code).retriable; }

std::string message_of(const error& e, language lang) {
  if (e.foreign && !e.foreign->message.empty())
    return e.foreign->message;
  const auto& r = row_of(e.code);
  std::string text{lang == language::zh ? r.zh : r.en};
  if (r.names_field && !e.param.empty())
    text += " (" + e.param + ")";
  if (!e.detail.empty())
    text += ": " + e.detail;
  return text;
}

std::string to_json(const error& e, language lang) {
  static const foreign_words none;
  const auto& foreign = e.foreign ? *e.foreign : none;
  auto or_ours = [](const std::string& theirs, std::string_view own) {
    return theirs.empty() ? own : std::string_view{theirs};
  };
  std::string out = R"({"error":{"message":)";
  json::append_quoted(out, message_of(e, lang));
  out += R"(,"type":)";
  json::append_quoted(out, or_ours(foreign.type, type_of(e.code)));
  out += R"(,"param":)";
  if (const auto param = or_ours(foreign.param, e.param); param.empty())
    out += "null";
  else
    json::append_quoted(out, param);
  out += R"(,"code":)";
  json::append_quoted(out, or_ours(foreign.code, name_of(e.code)));
  out += foreign.more;
  out += "}}";
  return out;
}

} // namespace nekod::openai
