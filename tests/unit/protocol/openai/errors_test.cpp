#include "protocol/openai/errors.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/utf8.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <vector>

using namespace nekod;
using namespace nekod::openai;

namespace {

struct row {
  chat::failure_code code;
  std::string_view name;
  int status;
  std::string_view type;
  bool retriable;
};

const std::vector<row> rows{
    {chat::failure_code::malformed_request, "malformed_request", 400, "invalid_request_error",
     false},
    {chat::failure_code::empty_body, "empty_body", 400, "invalid_request_error", false},
    {chat::failure_code::invalid_json, "invalid_json", 400, "invalid_request_error", false},
    {chat::failure_code::invalid_encoding, "invalid_encoding", 400, "invalid_request_error", false},
    {chat::failure_code::nesting_too_deep, "nesting_too_deep", 400, "invalid_request_error", false},
    {chat::failure_code::invalid_type, "invalid_type", 400, "invalid_request_error", false},
    {chat::failure_code::invalid_value, "invalid_value", 400, "invalid_request_error", false},
    {chat::failure_code::missing_required_parameter, "missing_required_parameter", 400,
     "invalid_request_error", false},
    {chat::failure_code::empty_messages, "empty_messages", 400, "invalid_request_error", false},
    {chat::failure_code::no_user_message, "no_user_message", 400, "invalid_request_error", false},
    {chat::failure_code::invalid_session_id, "invalid_session_id", 400, "invalid_request_error",
     false},
    {chat::failure_code::unsupported_parameter, "unsupported_parameter", 400,
     "invalid_request_error", false},
    {chat::failure_code::context_length_exceeded, "context_length_exceeded", 400,
     "invalid_request_error", false},
    {chat::failure_code::conversation_too_large, "conversation_too_large", 413,
     "invalid_request_error", false},
    {chat::failure_code::upstream_refused, "upstream_refused", 400, "invalid_request_error", false},
    {chat::failure_code::session_deleted, "session_deleted", 404, "invalid_request_error", false},
    {chat::failure_code::invalid_api_key, "invalid_api_key", 401, "authentication_error", false},
    {chat::failure_code::host_not_allowed, "host_not_allowed", 403, "invalid_request_error", false},
    {chat::failure_code::origin_not_allowed, "origin_not_allowed", 403, "invalid_request_error",
     false},
    {chat::failure_code::admin_key_required, "admin_key_required", 403, "invalid_request_error",
     false},
    {chat::failure_code::key_not_found, "key_not_found", 404, "invalid_request_error", false},
    {chat::failure_code::confirmation_required, "confirmation_required", 409,
     "invalid_request_error", false},
    {chat::failure_code::last_key, "last_key", 409, "invalid_request_error", false},
    {chat::failure_code::keys_not_writable, "keys_not_writable", 409, "invalid_request_error",
     false},
    {chat::failure_code::model_not_found, "model_not_found", 404, "invalid_request_error", false},
    {chat::failure_code::session_not_found, "session_not_found", 404, "invalid_request_error",
     false},
    {chat::failure_code::previous_response_not_found, "previous_response_not_found", 400,
     "invalid_request_error", false},
    {chat::failure_code::response_not_found, "response_not_found", 404, "invalid_request_error",
     false},
    {chat::failure_code::item_not_found, "item_not_found", 404, "invalid_request_error", false},
    {chat::failure_code::conversation_not_found, "conversation_not_found", 404,
     "invalid_request_error", false},
    {chat::failure_code::conversation_locked, "conversation_locked", 400, "invalid_request_error",
     false},
    {chat::failure_code::stream_expired, "stream_expired", 400, "invalid_request_error", false},
    {chat::failure_code::cancelled, "cancelled", 400, "invalid_request_error", false},
    {chat::failure_code::not_found, "not_found", 404, "invalid_request_error", false},
    {chat::failure_code::method_not_allowed, "method_not_allowed", 405, "invalid_request_error",
     false},
    {chat::failure_code::content_too_large, "content_too_large", 413, "invalid_request_error",
     false},
    {chat::failure_code::unsupported_media_type, "unsupported_media_type", 415,
     "invalid_request_error", false},
    {chat::failure_code::upgrade_not_supported, "upgrade_not_supported", 426,
     "invalid_request_error", false},
    {chat::failure_code::uri_too_long, "uri_too_long", 414, "invalid_request_error", false},
    {chat::failure_code::header_too_large, "header_too_large", 431, "invalid_request_error", false},
    {chat::failure_code::rate_limit_exceeded, "rate_limit_exceeded", 429, "rate_limit_error", true},
    {chat::failure_code::session_busy, "session_busy", 429, "rate_limit_error", true},
    {chat::failure_code::upstream_auth_failed, "upstream_auth_failed", 502, "authentication_error",
     false},
    {chat::failure_code::upstream_loop, "upstream_loop", 508, "server_error", false},
    {chat::failure_code::upstream_error, "upstream_error", 502, "server_error", true},
    {chat::failure_code::upstream_timeout, "upstream_timeout", 504, "server_error", true},
    {chat::failure_code::overloaded, "overloaded", 503, "server_error", true},
    {chat::failure_code::node_unreachable, "node_unreachable", 503, "server_error", true},
    {chat::failure_code::store_unavailable, "store_unavailable", 503, "server_error", true},
    {chat::failure_code::internal_error, "internal_error", 500, "server_error", true},
};

} // namespace

TEST_CASE("every code has its status, its type, and whether to retry") {
  REQUIRE(rows.size() == static_cast<std::size_t>(chat::failure_code::count));
  for (const auto& r : rows) {
    CAPTURE(r.name);
    CHECK(name_of(r.code) == r.name);
    CHECK(status_of(r.code) == r.status);
    CHECK(type_of(r.code) == r.type);
    CHECK(retriable(r.code) == r.retriable);
  }
}

TEST_CASE("every code has a text of its own in both languages") {
  std::set<std::string> texts;
  for (const auto& r : rows) {
    CAPTURE(r.name);
    for (const auto lang : {language::zh, language::en}) {
      const auto text = message_of(chat::failure{r.code}, lang);
      CHECK_FALSE(text.empty());
      CHECK(is_utf8(text));
      CHECK(texts.insert(text).second);
    }
  }
}

TEST_CASE("the manual's texts are verbatim") {
  const auto zh = [](chat::failure_code code, std::string param, std::string detail = {}) {
    return message_of(chat::failure{code, std::move(param), std::move(detail)}, language::zh);
  };
  CHECK(zh(chat::failure_code::empty_body, "") == "请求体不能为空");
  CHECK(zh(chat::failure_code::empty_messages, "messages") == "messages 不能为空");
  CHECK(zh(chat::failure_code::no_user_message, "messages") == "未找到用户消息");
  CHECK(zh(chat::failure_code::internal_error, "", "无法创建会话") ==
        "服务器内部错误: 无法创建会话");
  CHECK(zh(chat::failure_code::session_not_found, "") == "会话不存在");
}

TEST_CASE("a text names the field at fault and ends in the detail") {
  const chat::failure e{chat::failure_code::invalid_value, "temperature",
                        "expected a number from 0 to 2"};
  CHECK(message_of(e, language::zh) == "参数取值无效 (temperature): expected a number from 0 to 2");
  CHECK(message_of(e, language::en) ==
        "Invalid value (temperature): expected a number from 0 to 2");
  CHECK(message_of(chat::failure{chat::failure_code::invalid_type, {}, "expected an object"},
                   language::en) == "Wrong type: expected an object");
  CHECK(message_of(chat::failure{chat::failure_code::unsupported_parameter, "tools"},
                   language::en) == "Not supported by the upstream service (tools)");
}

TEST_CASE("an error's JSON has all four keys, null if there is nothing to say") {
  CHECK(to_json(chat::failure{chat::failure_code::empty_body}, language::zh) ==
        R"({"error":{"message":"请求体不能为空","type":"invalid_request_error",)"
        R"("param":null,"code":"empty_body"}})");
  CHECK(to_json(chat::failure{chat::failure_code::empty_messages, "messages"}, language::en) ==
        R"({"error":{"message":"messages must not be empty","type":"invalid_request_error",)"
        R"("param":"messages","code":"empty_messages"}})");
}

TEST_CASE("an error's JSON stays valid whatever the detail is") {
  const chat::failure e{chat::failure_code::internal_error, "a\"b", "line\n\"quoted\"\\"};
  const auto doc = json::parse(to_json(e, language::zh));
  REQUIRE(doc);
  const auto* inner = json::find(doc.root, "error");
  REQUIRE(inner != nullptr);
  CHECK(json::find_string(*inner, "message") == message_of(e, language::zh));
  CHECK(json::find_string(*inner, "param") == e.param);
}
