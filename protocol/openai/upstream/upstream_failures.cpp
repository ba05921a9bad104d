#include "protocol/openai/upstream/upstream_failures.hpp"

#include "protocol/openai/upstream/failure_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace nekod::openai {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

/// The HTTP status that some servers put in place of a code; 0 for none.
std::uint16_t status_in(const std::string& code) {
  std::uint16_t status = 0;
  const auto* end = code.data() + code.size();
  const auto read = std::from_chars(code.data(), end, status);
  return read.ptr == end && status >= 400 && status < 600 ? status : std::uint16_t{0};
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](auto word) { return text.find(word) != text.npos; });
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// Whether the conversation is longer than the model accepts.
bool is_too_long(const chat::foreign_words& w) {
  if (is_any(w.code,
             {"context_length_exceeded", "context_window_exceeded", "string_above_max_length"}) ||
      is_any(w.type, {"exceed_context_size_error", "context_length_exceeded"}))
    return true;
  const auto text = lower(w.message);
  if (has_any(text,
              {"context length", "context size", "context window", "contextwindowexceeded",
               "prompt is too long", "input is too long", "prompt too long", "too many tokens",
               "maximum prompt length", "reduce the length of", "maximum context"}))
    return true;
  const auto tells_tokens = has_any(text, {"token", "prompt", "input"});
  return tells_tokens &&
         has_any(text, {"exceeds the maximum number of tokens", "exceeds the model's maximum",
                        "exceeds the max", "longer than the model", "longer than the maximum",
                        "must have less than", "max_new_tokens` must be <=", "max_seq_len",
                        "max_model_len"});
}

/// Whether a 404 is about the model that the client named, rather than about our address.
bool is_about_model(const chat::foreign_words& w) {
  return w.code == "model_not_found" || w.param == "model" || has_any(lower(w.message), {"model"});
}

/// Whether the message says that the model does not exist, whatever the status.
bool says_no_such_model(const chat::foreign_words& w) {
  const auto code = lower(w.code);
  if (is_any(code, {"model_not_found", "invalid_model", "unknown_model", "deploymentnotfound"}) ||
      is_any(lower(w.type), {"model_not_found", "invalid_model"}))
    return true;
  const auto text = lower(w.message);
  if (has_any(text, {"invalid model", "unknown model", "no such model", "model not exist",
                     "not a valid model", "unable to access model", "unrecognized model",
                     "no model named", "no endpoints found for", "could not find model",
                     "cannot find model", "can't find model", "unsupported model"}))
    return true;
  const auto model = text.find("model");
  return model != text.npos &&
         has_any(std::string_view{text}.substr(model),
                 {"not found", "not exist", "doesn't exist", "is not available", "not been found",
                  "could not be found", "cannot be found", "is unknown", "is not served",
                  "is not loaded", "is not deployed"});
}

bool is_clients_matter(std::uint16_t status) {
  constexpr std::array<std::uint16_t, 4> not_theirs{404, 405, 407, 408};
  return status >= 400 && status < 500 &&
         std::find(not_theirs.begin(), not_theirs.end(), status) == not_theirs.end();
}

chat::failure in_their_words(chat::failure_code code, chat::foreign_words w, std::uint16_t status) {
  chat::failure result{code};
  w.status = status;
  result.foreign = std::make_shared<const chat::foreign_words>(std::move(w));
  return result;
}

/// The same, with our *code*, which is more specific than theirs.
chat::failure by_our_code(chat::failure_code code, chat::foreign_words w, std::uint16_t status) {
  w.code = name_of(code);
  return in_their_words(code, std::move(w), status);
}

chat::failure account_refused(chat::foreign_words w) {
  if (w.message.empty())
    return chat::failure_code::upstream_auth_failed;
  chat::foreign_words message;
  message.message = std::move(w.message);
  return in_their_words(chat::failure_code::upstream_auth_failed, std::move(message), 0);
}

/// A failure of the server itself. If the server gives a reason, the client gets that.
chat::failure server_failed(std::uint16_t status, chat::foreign_words w) {
  const auto code =
      status == 504 ? chat::failure_code::upstream_timeout : chat::failure_code::upstream_error;
  auto detail = status == 0 ? std::string{"the upstream's answer ended in an error"}
                            : "upstream status " + std::to_string(status);
  const auto tells = !w.message.empty() && (status == 0 || status >= 500);
  if (!tells && !w.message.empty())
    detail += ": " + w.message;
  auto result = tells ? in_their_words(code, std::move(w), status) : chat::failure{code};
  result.detail = std::move(detail);
  return result;
}

} // namespace

chat::failure failure_of(std::uint16_t status, std::optional<chat::foreign_words> words) {
  auto w = std::move(words).value_or(chat::foreign_words{});
  const auto named = status_in(w.code);
  if (named != 0)
    w.code.clear();
  if (status == 0)
    status = named != 0 ? named : is_too_long(w) ? 400 : 0;
  if (status == 508 || w.code == name_of(chat::failure_code::upstream_loop))
    return by_our_code(chat::failure_code::upstream_loop, std::move(w), 508);
  if (status == 429)
    return in_their_words(chat::failure_code::rate_limit_exceeded, std::move(w), status);
  if (status == 401 || status == 402 || status == 403 || is_out_of_money(w))
    return account_refused(std::move(w));
  if (status != 408 && is_too_long(w))
    return by_our_code(chat::failure_code::context_length_exceeded, std::move(w),
                       is_clients_matter(status) ? status : 400);
  if ((status == 400 || status == 404 || status == 422) && says_no_such_model(w))
    return by_our_code(chat::failure_code::model_not_found, std::move(w), 404);
  if (status == 404 && is_about_model(w))
    return in_their_words(chat::failure_code::model_not_found, std::move(w), status);
  if (is_clients_matter(status))
    return in_their_words(chat::failure_code::upstream_refused, std::move(w), status);
  return server_failed(status, std::move(w));
}

bool is_out_of_money(const chat::foreign_words& w) {
  return w.code == "insufficient_quota" || w.type == "insufficient_quota" ||
         w.code.rfind("billing", 0) == 0 || w.type.rfind("billing", 0) == 0;
}

bool says_it_loads(std::uint16_t status, std::string_view body) {
  constexpr std::size_t looked_at = 4096;
  return status == 503 && has_any(lower(body.substr(0, looked_at)),
                                  {"loading", "warming up", "starting up", "still starting",
                                   "is starting", "initializing", "not ready yet"});
}

bool is_error_object(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n");
  return first != body.npos && (body[first] == '{' || body[first] == '[') &&
         parse_failure(body).has_value();
}

} // namespace nekod::openai
