#include "protocol/openai/upstream_call.hpp"

#include "protocol/json.hpp"
#include "protocol/json_spans.hpp"
#include "protocol/json_strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace nekod::openai {
namespace {

/// Whether a member of the request's is replaced, or for nobody but us.
bool is_ours(std::string_view name) {
  return name == "model" || name == "messages" || name == "session_id";
}

/// The HTTP status that stands where a code belongs, as some servers have it; 0 for none.
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

bool is_too_long(const foreign_words& w) {
  return w.code == "context_length_exceeded" || w.type == "exceed_context_size_error" ||
         has_any(w.message, {"context length", "context size", "context window"});
}

/// Whether a 404 means the model, which its client named, and not our way to the server.
bool is_of_model(const foreign_words& w) {
  return w.code == "model_not_found" || w.param == "model" || has_any(w.message, {"model"});
}

bool is_clients_matter(std::uint16_t status, const foreign_words& w) {
  constexpr std::array<std::uint16_t, 5> ours{401, 402, 403, 405, 407};
  if (status == 404)
    return is_of_model(w);
  return status >= 400 && status < 500 && status != 408 &&
         std::find(ours.begin(), ours.end(), status) == ours.end();
}

error_code code_for(std::uint16_t status, const foreign_words& w) {
  if (status == 429)
    return error_code::rate_limit_exceeded;
  if (status == 404)
    return error_code::model_not_found;
  return is_too_long(w) ? error_code::context_length_exceeded : error_code::upstream_refused;
}

} // namespace

std::string upstream_body(const chat_request& r, std::string_view model,
                          std::string_view messages) {
  std::string out;
  out.reserve(r.body.size() + messages.size() + model.size() + 32);
  out += R"({"model":)";
  json::append_quoted(out, model);
  out += R"(,"messages":)";
  out += messages;
  for (json::members m{r.body}; m.next();) {
    if (is_ours(m.name()))
      continue;
    out += ',';
    out += m.whole();
  }
  out += '}';
  return out;
}

error failure_of(std::uint16_t status, std::optional<foreign_words> words) {
  auto w = std::move(words).value_or(foreign_words{});
  const auto named = status_in(w.code);
  if (named != 0)
    w.code.clear();
  if (status == 0)
    status = named != 0 ? named : is_too_long(w) ? 400 : 0;
  if (status == 401 || status == 403)
    return error_code::upstream_auth_failed;
  if (status == 504)
    return {error_code::upstream_timeout, {}, "upstream status 504"};
  if (is_clients_matter(status, w)) {
    error result{code_for(status, w)};
    w.status = status;
    result.foreign = std::make_shared<const foreign_words>(std::move(w));
    return result;
  }
  return {error_code::upstream_error,
          {},
          status == 0 ? std::string{"the upstream's answer ended in an error"}
                      : "upstream status " + std::to_string(status)};
}

} // namespace nekod::openai
