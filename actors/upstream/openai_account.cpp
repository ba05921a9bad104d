#include "actors/upstream/openai_account.hpp"

#include "protocol/openai/upstream_call.hpp"

#include <utility>

namespace nekod {

using openai::error;

namespace {

void mask(std::string& text, const std::string& secret) {
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "***");
}

} // namespace

running_call begun(openai_call kind) {
  return {static_cast<std::size_t>(kind), std::chrono::steady_clock::now()};
}

openai_account::openai_account(openai_options options)
    : account_watch(options.counts, {"models", "chat_completions"}), options_(std::move(options)) {}

http_call openai_account::make(const char* method, const char* path) const {
  http_call result;
  result.method = method;
  result.url = options_.base_url + path;
  result.limits = options_.limits;
  result.headers = {{"user-agent", "nekod"}};
  if (!options_.key.empty())
    result.headers.emplace_back("authorization", "Bearer " + options_.key);
  return result;
}

http_call openai_account::list_models() const {
  auto result = make("GET", "/models");
  result.headers.emplace_back("accept", "application/json");
  return result;
}

http_call openai_account::complete_chat(std::string body, bool stream) const {
  auto result = make("POST", "/chat/completions");
  result.headers.emplace_back("accept", stream ? "text/event-stream" : "application/json");
  result.headers.emplace_back("content-type", "application/json");
  result.body = std::move(body);
  // What was taken is paid for, though nobody hears of it.
  result.repeatable = false;
  if (!stream)
    result.limits.first_byte = result.limits.whole;
  return result;
}

error openai_account::failure_of(const upstream_response& r) const {
  auto result = without_key(openai::failure_of(r.status, openai::parse_failure(r.body)));
  result.retry_after = r.retry_after;
  if (result.code == openai::error_code::upstream_auth_failed)
    result.detail = "see OPENAI_API_KEY";
  return result;
}

error openai_account::without_key(error e) const {
  if (!e.foreign || options_.key.empty())
    return e;
  auto words = *e.foreign;
  for (auto* text : {&words.message, &words.type, &words.param, &words.code})
    mask(*text, options_.key);
  e.foreign = std::make_shared<const openai::foreign_words>(std::move(words));
  return e;
}

} // namespace nekod
