#include "protocol/openai/errors.hpp"

#include "protocol/text/json_strings.hpp"

#include <array>

namespace nekod::openai {
namespace {

using chat::failure_code;

/// The error that a client gets for one code.
struct row {
  chat::failure_code code;
  std::uint16_t status;
  std::string_view type;
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
    {failure_code::malformed_request, 400, request_error, "请求不符合 HTTP 规范",
     "The request is not valid HTTP"},
    {failure_code::empty_body, 400, request_error, "请求体不能为空",
     "The request body must not be empty"},
    {failure_code::invalid_json, 400, request_error, "请求体不是有效的 JSON",
     "The request body is not valid JSON"},
    {failure_code::invalid_encoding, 400, request_error, "请求体不是有效的 UTF-8 文本",
     "The request body is not valid UTF-8 text"},
    {failure_code::nesting_too_deep, 400, request_error, "请求体嵌套过深",
     "The request body is nested too deeply"},
    {failure_code::invalid_type, 400, request_error, "参数类型错误", "Wrong type", !retry, field},
    {failure_code::invalid_value, 400, request_error, "参数取值无效", "Invalid value", !retry,
     field},
    {failure_code::missing_required_parameter, 400, request_error, "缺少必需参数",
     "Missing required parameter", !retry, field},
    {failure_code::empty_messages, 400, request_error, "messages 不能为空",
     "messages must not be empty"},
    {failure_code::no_user_message, 400, request_error, "未找到用户消息",
     "No user message was found"},
    {failure_code::invalid_session_id, 400, request_error, "会话 ID 无效", "Invalid session ID",
     !retry, field},
    {failure_code::unsupported_parameter, 400, request_error, "上游服务不支持该参数",
     "Not supported by the upstream service", !retry, field},
    {failure_code::context_length_exceeded, 400, request_error, "对话过长",
     "The conversation is too long"},
    {failure_code::conversation_too_large, 413, request_error, "对话超过本服务的限制",
     "The conversation exceeds this service's limit"},
    {failure_code::upstream_refused, 400, request_error, "上游服务拒绝了该请求",
     "The upstream service refused the request"},
    {failure_code::session_deleted, 404, request_error, "会话已删除", "The session was deleted"},
    {failure_code::invalid_api_key, 401, authentication_error, "API Key 无效",
     "The API key is not valid"},
    {failure_code::host_not_allowed, 403, request_error, "没有 API Key 时不允许该主机名",
     "This host name is not allowed without API keys"},
    {failure_code::origin_not_allowed, 403, request_error, "没有 API Key 时不允许该网页来源",
     "This page's origin is not allowed without API keys"},
    {failure_code::admin_key_required, 403, request_error, "需要管理员的 API Key",
     "This needs an admin's API key"},
    {failure_code::key_not_found, 404, request_error, "没有这个 API Key",
     "There is no such API key"},
    {failure_code::confirmation_required, 409, request_error, "需要以 confirm=true 确认",
     "This has to be confirmed with confirm=true"},
    {failure_code::last_key, 409, request_error, "不能撤销最后一个 API Key",
     "The last API key cannot be revoked"},
    {failure_code::keys_not_writable, 409, request_error,
     "本进程不能修改 API Key 文件；请用 nekod keys add",
     "The file of API keys cannot be changed by this process; use nekod keys add"},
    {failure_code::model_not_found, 404, request_error, "模型不存在", "The model does not exist"},
    {failure_code::session_not_found, 404, request_error, "会话不存在",
     "The session does not exist"},
    {failure_code::previous_response_not_found, 400, request_error, "之前的响应不存在",
     "The previous response does not exist", !retry, field},
    {failure_code::response_not_found, 404, request_error, "响应不存在",
     "The response does not exist"},
    {failure_code::item_not_found, 404, request_error, "条目不存在", "The item does not exist",
     !retry, field},
    {failure_code::conversation_not_found, 404, request_error, "对话不存在",
     "The conversation does not exist", !retry, field},
    {failure_code::conversation_locked, 400, request_error, "对话正在处理其他请求",
     "Another request is running in the conversation", !retry, field},
    {failure_code::stream_expired, 400, request_error, "事件流已过期",
     "The events of the stream are no longer kept", !retry, field},
    {failure_code::cancelled, 400, request_error, "响应已取消", "The response was cancelled"},
    {failure_code::not_found, 404, request_error, "端点不存在", "The endpoint does not exist"},
    {failure_code::method_not_allowed, 405, request_error, "该端点不支持此请求方法",
     "The endpoint does not support this method"},
    {failure_code::content_too_large, 413, request_error, "请求体过大",
     "The request body is too large"},
    {failure_code::unsupported_media_type, 415, request_error, "不支持该请求体编码",
     "The content encoding of the request body is not supported", !retry, field},
    {failure_code::upgrade_not_supported, 426, request_error, "该端点不支持协议升级",
     "The endpoint does not support protocol upgrades"},
    {failure_code::uri_too_long, 414, request_error, "请求地址过长",
     "The request's URL is too long"},
    {failure_code::header_too_large, 431, request_error, "请求头过大",
     "The request's header fields are too large"},
    {failure_code::rate_limit_exceeded, 429, rate_limit_error, "请求过于频繁，请稍后重试",
     "Too many requests; try again later", retry},
    {failure_code::session_busy, 429, rate_limit_error, "会话繁忙，请稍后重试",
     "The session is busy; try again later", retry},
    {failure_code::upstream_auth_failed, 502, authentication_error,
     "上游服务认证失败，请检查账号凭据（如 ANUNEKO_TOKEN）",
     "The upstream service refused the account; check its credentials (such as ANUNEKO_TOKEN)"},
    {failure_code::upstream_loop, 508, server_error, "上游服务又指回本服务，请检查上游地址",
     "The upstream leads back to this nekod; check the upstream's URL"},
    {failure_code::upstream_error, 502, server_error, "上游服务出错", "The upstream service failed",
     retry},
    {failure_code::upstream_timeout, 504, server_error, "上游服务响应超时",
     "The upstream service took too long", retry},
    {failure_code::overloaded, 503, server_error, "服务器繁忙，请稍后重试",
     "The server is overloaded; try again later", retry},
    {failure_code::node_unreachable, 503, server_error, "正在生成该回答的节点无法访问，请稍后重试",
     "The node that gives this answer cannot be reached; try again later", retry},
    {failure_code::store_unavailable, 503, server_error, "会话存储暂时不可用，请稍后重试",
     "The session store is not available; try again later", retry},
    {failure_code::internal_error, 500, server_error, "服务器内部错误", "Internal server error",
     retry},
});

constexpr bool in_order = [] {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].code) != i)
      return false;
  return true;
}();

static_assert(rows.size() == static_cast<std::size_t>(failure_code::count), "one row a code");
static_assert(in_order, "rows stand in the order of the codes");

constexpr const row& row_of(chat::failure_code code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < rows.size() ? rows[index] : rows.back();
}

} // namespace

std::uint16_t status_of(chat::failure_code code) noexcept { return row_of(code).status; }

std::uint16_t status_of(const chat::failure& e) noexcept {
  return e.foreign && e.foreign->status != 0 ? e.foreign->status : status_of(e.code);
}

std::string_view type_of(chat::failure_code code) noexcept { return row_of(code).type; }

bool retriable(chat::failure_code code) noexcept { return row_of(code).retriable; }

std::string message_of(const chat::failure& e, language lang) {
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

std::string to_json(const chat::failure& e, language lang) {
  static const chat::foreign_words none;
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
