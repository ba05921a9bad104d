#include "protocol/openai/responses/response_object.hpp"

#include "protocol/openai/errors.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::openai::responses {
namespace {

/// Appends a member with a string, or with null if it is empty.
void append_or_null(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  if (value.empty())
    out += "null";
  else
    json::append_quoted(out, value);
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  out.append("\"").append(name).append("\":").append(std::to_string(value));
}

void append_usage(std::string& out, const token_usage& usage) {
  out += '{';
  append_number(out, "input_tokens", usage.input);
  out += R"(,"input_tokens_details":{)";
  append_number(out, "cached_tokens", usage.cached);
  out += ',';
  append_number(out, "cache_write_tokens", usage.cache_write);
  out += "},";
  append_number(out, "output_tokens", usage.output);
  out += R"(,"output_tokens_details":{)";
  append_number(out, "reasoning_tokens", usage.reasoning);
  out += "},";
  append_number(out, "total_tokens", usage.total);
  out += '}';
}

void append_error(std::string& out, const std::optional<response_error>& error) {
  out += R"(,"error":)";
  if (!error) {
    out += "null";
    return;
  }
  out += R"({"code":)";
  json::append_quoted(out, error->code);
  out += R"(,"message":)";
  json::append_quoted(out, error->message);
  out += '}';
}

/// Appends an object with one string, or null if that is empty.
void append_holder(std::string& out, std::string_view name, std::string_view member,
                   std::string_view value) {
  out.append(",\"").append(name).append("\":");
  if (value.empty()) {
    out += "null";
    return;
  }
  out.append("{\"").append(member).append("\":");
  json::append_quoted(out, value);
  out += '}';
}

} // namespace

std::string_view name_of(response_status status) noexcept {
  switch (status) {
  case response_status::queued:
    return "queued";
  case response_status::in_progress:
    return "in_progress";
  case response_status::completed:
    return "completed";
  case response_status::incomplete:
    return "incomplete";
  case response_status::failed:
    return "failed";
  case response_status::cancelled:
    return "cancelled";
  }
  return "failed";
}

response_error error_of(const chat::failure& reason, language lang) {
  response_error error{"server_error", message_of(reason, lang)};
  if (reason.foreign && !reason.foreign->code.empty())
    error.code = reason.foreign->code;
  else if (reason.code == chat::failure_code::context_length_exceeded ||
           reason.code == chat::failure_code::rate_limit_exceeded)
    error.code = name_of(reason.code);
  return error;
}

void append_response(std::string& out, const response_head& head, const response_result& result) {
  out += R"({"id":)";
  json::append_quoted(out, head.id);
  out += R"(,"object":"response","created_at":)" + std::to_string(head.created_at);
  append_or_null(out, "status", name_of(result.status));
  out += R"(,"completed_at":)";
  out += result.completed_at ? std::to_string(*result.completed_at) : "null";
  append_error(out, result.error);
  append_holder(out, "incomplete_details", "reason", result.incomplete_reason);
  // A string even while nobody knows it: clients take nothing else.
  out += R"(,"model":)";
  json::append_quoted(out, head.model);
  append_or_null(out, "previous_response_id", head.previous_response_id);
  append_holder(out, "conversation", "id", head.conversation);
  out += head.stored ? R"(,"store":true)" : R"(,"store":false)";
  append_or_null(out, "session_id", head.session_id);
  out += ',';
  out += head.echo.empty() ? default_echo : std::string_view{head.echo};
  out += R"(,"output":)";
  append_list(out, result.output);
  out += R"(,"usage":)";
  if (result.usage)
    append_usage(out, *result.usage);
  else
    out += "null";
  out += '}';
}

void append_compaction(std::string& out, std::string_view id, std::int64_t created_at,
                       std::string_view output) {
  out += R"({"id":)";
  json::append_quoted(out, id);
  out += R"(,"object":"response.compaction","created_at":)" + std::to_string(created_at);
  out.append(R"(,"output":[)").append(output).append(R"(],"usage":)");
  append_usage(out, {});
  out += '}';
}

} // namespace nekod::openai::responses
