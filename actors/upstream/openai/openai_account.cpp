#include "actors/upstream/openai/openai_account.hpp"

#include "actors/runtime/ids.hpp"
#include "protocol/base_address.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

using chat::failure_code;

namespace {

/// The bytes of a key that servers quote next to stars or dots for the rest.
constexpr std::size_t quoted_part = 3;

/// Whether *word* is part of *secret*, quoted with stars or dots for the rest.
bool quotes_part_of(std::string_view word, std::string_view secret) {
  const auto hidden = word.find("**") != word.npos || word.find("..") != word.npos;
  return hidden && secret.size() > 2 * quoted_part &&
         (word.find(secret.substr(0, quoted_part)) != word.npos ||
          word.find(secret.substr(secret.size() - quoted_part)) != word.npos);
}

void mask_parts(std::string& text, const std::string& secret) {
  constexpr std::string_view ends = " \t\r\n\"'`()[]{}<>,;:=";
  for (std::size_t at = 0; (at = text.find_first_not_of(ends, at)) != text.npos;) {
    const auto end = std::min(text.find_first_of(ends, at), text.size());
    const auto secret_word = quotes_part_of(std::string_view{text}.substr(at, end - at), secret);
    if (secret_word)
      text.replace(at, end - at, "***");
    at = secret_word ? at + 3 : end;
  }
}

void mask(std::string& text, const std::string& secret) {
  constexpr std::string_view stars = "***";
  for (auto at = text.find(secret); at != std::string::npos;
       at = text.find(secret, at + stars.size()))
    text.replace(at, secret.size(), stars);
}

bool is_openai(std::string_view base_url) {
  auto host = origin_of(base_url);
  host.remove_prefix(std::min(host.find("//") + 2, host.size()));
  host = host.substr(0, host.find(':'));
  return host == "api.openai.com" || host.ends_with(".api.openai.com") ||
         host.ends_with(".openai.azure.com");
}

openai::server_form form_of(const openai_options& server) {
  openai::server_form form;
  form.token_limit = server.token_limit;
  form.is_openai = is_openai(server.base_url);
  return form;
}

} // namespace

running_call begun(openai_call kind, std::string model) {
  auto purpose = kind == openai_call::models ? call_purpose::listing : call_purpose::answering;
  return {static_cast<std::size_t>(kind), purpose, std::chrono::steady_clock::now(),
          std::move(model)};
}

openai_account::openai_account(const openai_options& server, openai_secrets secrets,
                               std::shared_ptr<circuit> breaker)
    : account_watch(
          {server.name, stable_uuid(secrets.key), secrets.weight, server.longest_rest, false},
          server.counts, {"models", "chat_completions", "passed"}, std::move(breaker)),
      base_url_(server.base_url),
      key_header_(server.key_header),
      form_(form_of(server)),
      secrets_(std::move(secrets)),
      instance_(server.instance),
      limits_(server.limits),
      budget_(server.budget) {}

std::shared_ptr<const openai_accounts> accounts_of(const openai_options& server) {
  auto breaker = std::make_shared<circuit>(server.circuit);
  std::vector<std::shared_ptr<openai_account>> all;
  for (const auto& secrets : server.accounts)
    all.push_back(std::make_shared<openai_account>(server, secrets, breaker));
  return std::make_shared<openai_accounts>(std::move(all), std::move(breaker));
}

http_call openai_account::make(const char* method, const char* path,
                               const std::string& passed) const {
  http_call result;
  result.method = method;
  result.url = address_of(base_url_, path);
  result.limits = limits_;
  result.headers = {{"user-agent", "nekod"}};
  add_origin(result, passed);
  add_key(result);
  return result;
}

/// Lists the nekods that the request came through, so that a loop can be detected.
void openai_account::add_origin(http_call& call, const std::string& passed) const {
  if (!instance_.empty())
    call.headers.emplace_back("x-nekod-via",
                              passed.empty() ? instance_ : passed + ", " + instance_);
}

/// @param name In lower case.
bool openai_account::is_key_header(std::string_view name) const {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(name.begin(), name.end(), key_header_.begin(), key_header_.end(),
                    [&](char a, char b) { return a == lower(b); });
}

void openai_account::add_key(http_call& call) const {
  if (!secrets_.key.empty() && key_header_.empty())
    call.headers.emplace_back("authorization", "Bearer " + secrets_.key);
  else if (!secrets_.key.empty())
    call.headers.emplace_back(key_header_, secrets_.key);
}

http_call openai_account::list_models() const {
  auto result = make("GET", "/models");
  result.headers.emplace_back("accept", "application/json");
  return result;
}

http_call openai_account::complete_chat(std::string body, bool stream,
                                        const std::string& passed) const {
  auto result = make("POST", "/chat/completions", passed);
  result.headers.emplace_back("accept", stream ? "text/event-stream" : "application/json");
  result.headers.emplace_back("content-type", "application/json");
  result.body = std::move(body);
  // Work that the server accepted is charged, even if nobody reads the answer.
  result.repeatable = false;
  result.may_gather = !stream;
  if (!stream)
    result.limits.first_byte = result.limits.whole;
  return result;
}

http_call openai_account::pass(const passed_request& what) const {
  http_call result;
  result.method = what.method;
  auto path = what.query.empty() ? what.path : what.path + '?' + what.query;
  result.url = address_of(what.at_root ? without_version(base_url_) : base_url_, path);
  result.limits = limits_;
  result.headers = what.headers;
  std::erase_if(result.headers, [this](const auto& f) { return is_key_header(f.first); });
  for (const auto* name :
       {"accept", "content-type"}) // libcurl sends defaults of its own for these.
    if (std::none_of(what.headers.begin(), what.headers.end(),
                     [&](const auto& f) { return f.first == name; }))
      result.headers.emplace_back(name, "");
  add_origin(result, what.via);
  add_key(result);
  result.body = what.body;
  result.source = what.source;
  result.passes = true;
  result.repeatable = what.method == "GET" || what.method == "HEAD";
  return result;
}

chat::failure openai_account::failure_of(const upstream_response& r) const {
  // A page comes from a gate in front of the server, which knows nothing about keys.
  if (r.status == 403 && is_page(r))
    return {failure_code::upstream_error, {}, "upstream status 403"};
  auto result = without_key(openai::failure_of(r.status, openai::parse_failure(r.body)));
  result.retry_after = r.retry_after;
  if (result.code == failure_code::upstream_auth_failed)
    result.detail = "check OPENAI_API_KEY";
  // Most servers have their calls below /v1, which is easily forgotten.
  if (r.status == 404 && !result.foreign && origin_of(base_url_) == base_url_)
    result.detail += "; /v1 may be missing in its URL";
  if (!r.redirect.empty())
    result.detail = "the upstream redirects to " + r.redirect;
  return result;
}

chat::failure openai_account::without_key(chat::failure e) const {
  if (secrets_.key.empty())
    return e;
  mask(e.detail, secrets_.key);
  mask_parts(e.detail, secrets_.key);
  if (!e.foreign)
    return e;
  auto words = *e.foreign;
  for (auto* text : {&words.message, &words.type, &words.param, &words.code, &words.more}) {
    mask(*text, secrets_.key);
    mask_parts(*text, secrets_.key);
  }
  e.foreign = std::make_shared<const chat::foreign_words>(std::move(words));
  return e;
}

} // namespace nekod
