#include "http/server/api/endpoint_table.hpp"

#include "http/server/api/chat.hpp"
#include "http/server/api/health.hpp"
#include "http/server/api/models.hpp"
#include "http/server/api/passing/pass.hpp"
#include "http/server/api/responses/compact.hpp"
#include "http/server/api/responses/conversations.hpp"
#include "http/server/api/responses/create.hpp"
#include "http/server/api/responses/stored.hpp"
#include "http/server/api/service/front_page.hpp"
#include "http/server/api/service/keys.hpp"
#include "http/server/api/service/me.hpp"
#include "http/server/api/service/operations.hpp"
#include "http/server/api/sessions/sessions.hpp"
#include "http/server/page/page_answer.hpp"

#include <algorithm>
#include <iterator>

namespace nekod::http {

namespace {

constexpr const char* get = "GET, HEAD, OPTIONS";
constexpr const char* post = "POST, OPTIONS";
constexpr const char* get_or_post = "GET, HEAD, POST, OPTIONS";
constexpr const char* post_or_delete = "POST, DELETE, OPTIONS";
constexpr const char* get_or_delete = "GET, HEAD, DELETE, OPTIONS";
constexpr const char* any_of_object = "GET, HEAD, POST, DELETE, OPTIONS";
constexpr const char* any = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// For monitors, which send no key and may use any host name.
constexpr endpoint monitored(std::string_view path, const char* word,
                             void (*answer)(const request_context&)) {
  endpoint e{path, "GET", get, word, answer};
  e.needs_no_key = e.for_monitoring = e.shared = e.any_host = true;
  return e;
}

/// For programs and pages of any origin.
constexpr endpoint shared(endpoint e) {
  e.shared = true;
  return e;
}

constexpr endpoint without_key(endpoint e) {
  e.needs_no_key = true;
  return e;
}

constexpr endpoint for_monitoring(endpoint e) {
  e.for_monitoring = true;
  return e;
}

constexpr endpoint chat(endpoint e) {
  e.work = upstream_work::chat;
  e.counts_as_chat = true;
  return e;
}

/// About answers that any node may keep.
constexpr endpoint relayed(endpoint e) {
  e.relayed = true;
  return e;
}

/// Only an upstream can count tokens.
constexpr std::string_view input_tokens = "/responses/input_tokens";

constexpr endpoint table[] = {
    relayed(shared(chat({"/chat/completions", "POST", post, "chat_completions", answer_chat}))),
    relayed(shared(chat({"/responses", "POST", post, "responses", create_response}))),
    relayed(shared({"/responses/", "GET", any_of_object, "response", show_response})),
    relayed(shared({"/responses/", "DELETE", any_of_object, "response", delete_response})),
    relayed(shared({"/responses/", "POST", any_of_object, "response", change_response})),
    shared({"/responses/compact", "POST", post, "compact", compact_conversation}),
    shared({"/conversations", "POST", post, "conversations", create_conversation}),
    shared({"/conversations/", "GET", any_of_object, "conversation", show_conversation}),
    shared({"/conversations/", "POST", any_of_object, "conversation", change_conversation}),
    shared({"/conversations/", "DELETE", any_of_object, "conversation", delete_conversation}),
    shared({"/models", "GET", get, "models", answer_models}),
    shared({"/models/", "GET", get, "model", answer_model}),
    {"/sessions", "GET", get_or_delete, "sessions", answer_sessions},
    {"/sessions", "DELETE", get_or_delete, "sessions", clear_sessions},
    {"/sessions/", "GET", get_or_delete, "session", answer_session},
    {"/sessions/", "DELETE", get_or_delete, "session", delete_session},
    monitored("/health", "health", answer_health),
    monitored("/health/live", "health_live", answer_liveness),
    monitored("/health/ready", "health_ready", answer_readiness),
    for_monitoring(without_key({"/metrics", "GET", get, "metrics", answer_metrics})),
    for_monitoring({"/me", "GET", get, "me", answer_me}),
    for_monitoring({"/operations", "GET", get, "operations", answer_operations}),
    {"/keys", "GET", get_or_post, "keys", list_keys},
    {"/keys", "POST", get_or_post, "keys", create_key},
    {"/keys/", "POST", post_or_delete, "key", change_key},
    {"/keys/", "DELETE", post_or_delete, "key", revoke_key},
    without_key({"/openapi.json", "GET", get, "openapi", answer_openapi}),
    without_key({"/", "GET", get, "front_page", answer_front_page}),
    for_monitoring(without_key({page_path, "GET", get, "page", answer_page_file})),
};

constexpr endpoint passed(std::string_view path, const char* word) {
  endpoint e{path, any_method, any, word, answer_pass};
  e.work = upstream_work::passed;
  return e;
}

/// Text completions count as chats.
constexpr endpoint passed_chat(std::string_view path, const char* word) {
  auto e = passed(path, word);
  e.counts_as_chat = true;
  return e;
}

/// Looked up by their word.
constexpr endpoint passed_table[] = {
    passed("/embeddings", "embeddings"),  passed_chat("/completions", "completions"),
    passed("/rerank", "rerank"),          passed("/moderations", "moderations"),
    passed("/images/", "images"),         passed("/audio/", "audio"),
    passed("/tokenize", "tokenize"),      passed("/detokenize", "detokenize"),
    passed(input_tokens, "input_tokens"), passed("/", "pass"),
};

} // namespace

const endpoint* find_endpoint(std::string_view path, std::string_view method) noexcept {
  if (path == input_tokens && (method == "POST" || method == "OPTIONS"))
    return nullptr;
  const endpoint* found = nullptr;
  for (const auto& e : table)
    if (e.is_at(path) && (found == nullptr || e.takes(method)))
      found = &e;
  return found;
}

const endpoint* find_passed_endpoint(std::string_view raw, std::string_view method) {
  const auto target = pass_target_of(raw, method);
  if (target.who == pass_rule::nobody)
    return nullptr;
  const auto* found =
      std::find_if(std::begin(passed_table), std::end(passed_table),
                   [&](const endpoint& e) { return std::string_view{e.word} == target.word; });
  return found == std::end(passed_table) ? nullptr : found;
}

} // namespace nekod::http
