#include "protocol/openai/upstream/upstream_failures.hpp"

#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <iterator>
#include <string>

namespace nekod::openai {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
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
  if (is_any(w.code, {"context_length_exceeded", "context_window_exceeded"}) ||
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

/// The first of *words* at the beginning of *text*; empty if there is none.
std::string_view beginning(std::string_view text, std::initializer_list<std::string_view> words) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](auto word) { return text.starts_with(word); });
  return found == words.end() ? std::string_view{} : *found;
}

/// The text behind a quoted name or a plain one.
std::string_view behind_name(std::string_view text) {
  const auto is_quoted = text.find_first_of("'\"`") == 0;
  const auto end = is_quoted ? text.find(text[0], 1) : text.find(' ');
  return end == text.npos ? std::string_view{} : text.substr(end + 1);
}

std::string_view without(std::string_view text, std::string_view characters) {
  const auto begin = text.find_first_not_of(characters);
  return begin == text.npos ? std::string_view{} : text.substr(begin);
}

/// Whether *text* begins with the end of a sentence such as "... does not exist".
bool says_missing(std::string_view text) {
  text = without(text, " ,.:");
  for (const auto word :
       {"currently ", "is ", "was ", "has ", "does ", "could ", "cannot ", "currently "})
    if (text.starts_with(word))
      text.remove_prefix(std::string_view{word}.size());
  return !beginning(text, {"not found", "not exist", "doesn't exist", "not available",
                           "not been found", "not be found", "be found", "unknown", "not served",
                           "not loaded", "not deployed"})
              .empty();
}

/// Whether *text* goes on, after the word "model", with a name that does not exist, or without one.
/// A name of something else does not count: "the model called a tool that was not found".
bool goes_on_missing(std::string_view text) {
  constexpr std::string_view others[] = {"output", "response", "answer",    "call",
                                         "tool",   "function", "parameter", "feature"};
  if (says_missing(text))
    return true;
  text = without(text.substr(beginning(text, {"s/", "s ", "_id", "_name"}).size()), " :=");
  for (const auto word : {"with ", "named ", "name ", "id ", "identifier "})
    if (text.starts_with(word))
      text = without(text.substr(std::string_view{word}.size()), " :=");
  const auto is_other = std::any_of(std::begin(others), std::end(others),
                                    [&](auto word) { return text.starts_with(word); });
  return !is_other && says_missing(behind_name(text));
}

/// Whether *text* has one of *phrases*, with a name, or nothing, after it.
bool names_model_after(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    const auto at = text.find(phrase);
    if (at == text.npos)
      return false;
    const auto rest = text.substr(at + phrase.size());
    const auto is_longer_word =
        !rest.empty() && (rest[0] == '_' || (rest[0] >= 'a' && rest[0] <= 'z'));
    return !is_longer_word &&
           beginning(rest, {" parameter", " output", " response", " setting", " option"}).empty();
  });
}

/// Whether the message says that the model does not exist, whatever the status.
bool says_no_such_model(const chat::foreign_words& w) {
  const auto code = lower(w.code);
  if (is_any(code, {"model_not_found", "invalid_model", "unknown_model", "deploymentnotfound"}) ||
      is_any(lower(w.type), {"model_not_found", "invalid_model"}))
    return true;
  const auto text = lower(w.message);
  if (has_any(text, {"not a valid model", "unable to access model", "no model named",
                     "no endpoints found for", "could not find model", "cannot find model",
                     "can't find model"}) ||
      names_model_after(text, {"invalid model", "unknown model", "no such model",
                               "unrecognized model", "unsupported model"}))
    return true;
  constexpr std::string_view word = "model";
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1))
    if (goes_on_missing(std::string_view{text}.substr(at + word.size())))
      return true;
  return false;
}

/// Whether a 404 is about the model that the client named, rather than about our address.
bool is_about_model(const chat::foreign_words& w) {
  // As Anthropic's "model: x".
  return w.param == "model" || lower(w.message).starts_with("model:");
}

/// Whether a 404 is about our address rather than about the request: the words of servers and
/// frameworks for a path that they do not have.
bool is_about_address(const chat::foreign_words& w) {
  auto text = std::string_view{w.message};
  const auto end = text.find_last_not_of(" .!\r\n");
  const auto whole = lower(text.substr(0, end == text.npos ? 0 : end + 1));
  return is_any(whole, {"", "not found", "not_found", "resource not found", "file not found",
                        "404 not found", "404: not found"}) ||
         whole.starts_with("not found.") ||
         has_any(whole, {"page not found",     "page could not be found",
                         "invalid url",        "unknown url",
                         "request url",        "requested url",
                         "requested resource", "unexpected endpoint",
                         "unknown endpoint",   "endpoint not found",
                         "no such endpoint",   "unknown path",
                         "path not found",     "no route",
                         "route not found",    "cannot post",
                         "no static resource", "no handler found",
                         "default backend",    "/completions"});
}

/// Whether the server refuses what the client wrote, and not the account, by a 403: its moderation
/// flagged it.
bool is_flagged(const chat::foreign_words& w) {
  const auto further = w.more.empty() ? std::string{} : '{' + w.more.substr(1) + '}';
  const auto metadata = json::find_span(further, "metadata");
  return (metadata.starts_with('{') && json::find_span(metadata, "reasons").starts_with('[')) ||
         has_any(lower(w.message + ' ' + w.code + ' ' + w.type), {"flagged", "moderation"});
}

/// Whether a refusal is about the client's request, in which case the client gets the server's
/// words.
bool is_clients_matter(std::uint16_t status, const chat::foreign_words& w) {
  if (status == 404)
    return !is_about_address(w);
  return status >= 400 && status < 500 && !(status == 405 || status == 407 || status == 408);
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
  // As 403, SDKs would take it for a refusal of the client's own key.
  if (status == 403 && is_flagged(w))
    return in_their_words(chat::failure_code::upstream_refused, std::move(w), 400);
  if (status == 401 || status == 402 || status == 403 || is_out_of_money(w))
    return account_refused(std::move(w));
  const auto is_theirs = is_clients_matter(status, w);
  if (status != 408 && is_too_long(w))
    return by_our_code(chat::failure_code::context_length_exceeded, std::move(w),
                       is_theirs ? status : 400);
  if ((status == 400 || status == 404 || status == 422) && says_no_such_model(w))
    return by_our_code(chat::failure_code::model_not_found, std::move(w), 404);
  if (status == 404 && is_about_model(w))
    return in_their_words(chat::failure_code::model_not_found, std::move(w), status);
  if (is_theirs)
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
