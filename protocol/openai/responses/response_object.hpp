#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/output_item.hpp"
#include "protocol/text/language.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The object `response`, as the schema `Response` of OpenAI's API and the stricter one of Open
/// Responses want it: every key is there.
namespace nekod::openai::responses {

enum class response_status : std::uint8_t {
  queued,
  in_progress,
  completed,
  incomplete,
  failed,
  cancelled,
};

/// The status's name on the wire.
std::string_view name_of(response_status status) noexcept;

/// Numbers of tokens; zero for those that the upstream does not tell.
struct token_usage {
  std::uint64_t input = 0;
  std::uint64_t cached = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  std::uint64_t total = 0;

  bool operator==(const token_usage&) const = default;
};

/// The values that do not change while a response runs.
struct response_head {
  /// `resp_...`.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created_at = 0;
  /// Empty while it is not known.
  std::string model;
  /// Empty for none, as the two below.
  std::string session_id;
  std::string previous_response_id;
  std::string conversation;
  /// Whether the response can be fetched later.
  bool stored = true;
  /// The members that repeat the request, as JSON separated by commas: those of `default_echo`.
  /// Empty for the defaults.
  std::string echo;
};

/// The members of a response that repeat a request which names nothing but a model.
inline constexpr std::string_view default_echo =
    R"("instructions":null,"tools":[],"tool_choice":"auto","parallel_tool_calls":true,)"
    R"("text":{"format":{"type":"text"},"verbosity":"medium"},)"
    R"("reasoning":{"effort":null,"summary":null},"temperature":1,"top_p":1,)"
    R"("presence_penalty":0,"frequency_penalty":0,"top_logprobs":0,"max_output_tokens":null,)"
    R"("max_tool_calls":null,"truncation":"disabled","service_tier":"default",)"
    R"("background":false,"metadata":{},"safety_identifier":null,"prompt_cache_key":null,)"
    R"("user":null)";

struct response_error {
  std::string code;
  std::string message;
};

/// The error that a response failed with: the upstream's code if there is one, or ours where
/// clients know it; else `server_error`.
response_error error_of(const chat::failure& reason, language lang);

/// How far a response has come.
struct response_result {
  response_status status = response_status::in_progress;
  std::vector<finished_item> output;
  std::optional<token_usage> usage;
  /// Only if failed.
  std::optional<response_error> error;
  /// Only if incomplete: `max_output_tokens`, `content_filter`, or `interrupted` if the upstream
  /// said that it broke off.
  std::string incomplete_reason;
  /// Seconds since the epoch; only if completed.
  std::optional<std::int64_t> completed_at;
};

/// Appends the object.
void append_response(std::string& out, const response_head& head, const response_result& result);

/// Appends the object `response.compaction`: the answer to `POST /v1/responses/compact`.
/// @param created_at Seconds since the epoch.
/// @param output The compaction item as JSON, with its id.
void append_compaction(std::string& out, std::string_view id, std::int64_t created_at,
                       std::string_view output);

} // namespace nekod::openai::responses
