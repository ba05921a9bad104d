#pragma once

#include "protocol/chat/answer_limits.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nekod::openai::responses {

/// A checked body of `POST /v1/responses`.
struct create_request {
  create_request() = default;

  /// The model's name as the client wrote it; if empty, nekod chooses one.
  std::string model;
  /// The items of `input`, in order. Ids may be missing, and references are not resolved.
  std::vector<item> input;
  /// `instructions`, if there are any; they count for this request only.
  std::optional<std::string> instructions;
  /// The response that this one follows; empty for none. Not together with `conversation`.
  std::string previous_response_id;
  /// The id of the conversation that the request belongs to; empty for none.
  std::string conversation;
  /// The session that the client names in the body, as in chat completions; empty for none.
  std::string session_id;
  bool store = true;
  bool stream = false;
  bool background = false;
  /// `truncation: auto`: the oldest turns may be left out if the conversation is too long.
  bool may_truncate = false;
  /// Whether reasoning is wanted as a summary: `reasoning.summary` or `generate_summary`.
  bool wants_summary = false;
  /// Whether `include` has `reasoning.encrypted_content`.
  bool wants_sealed_reasoning = false;
  /// Whether the probabilities of tokens are wanted.
  bool wants_logprobs = false;
  /// `metadata` as a JSON object.
  std::string metadata = "{}";

  /// `max_output_tokens`.
  chat::answer_limits limits;
  /// The fields that only tune an answer, as in `chat::request`.
  std::vector<std::string> tuning;
  /// The fields that an upstream must support, as in `chat::request`; of `input` see `compose`.
  std::vector<std::string> demands;
  /// The fields that no upstream gets, although they ask for something. Fit for a header field.
  std::vector<std::string> ignored;
  /// The tools that a function of another name or form stands for upstream.
  tool_bridge bridge;

  /// The parameters in the form of chat completions: members, each with a leading comma. Not among
  /// them are `model`, `messages`, `stream` and what is in `beside`.
  std::string parameters;
  /// `max_output_tokens`, `allowed_tools`, and what only OpenAI's own servers know: `verbosity`,
  /// `prompt_cache_key`, `safety_identifier`, `user`.
  chat::server_parameters beside;
  /// The members of the response object that repeat the request, normalised: every one of them,
  /// with its default. Without braces and without a comma at the ends. Not among them are what the
  /// answer decides: `model`, `store`, `previous_response_id` and `conversation`.
  std::string echo;
};

} // namespace nekod::openai::responses
