#include "actors/upstream/anuneko/anuneko_account.hpp"

#include "actors/runtime/ids.hpp"
#include "protocol/base_address.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

namespace {

using chat::failure_code;

/// Whether *code* is an identifier, which certainly quotes nothing.
bool is_word(std::string_view code) {
  return !code.empty() && code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::vector<std::string> call_names() {
  using kind = anuneko::call_kind;
  std::vector<std::string> names;
  for (auto k : {kind::view_user, kind::create_chat, kind::select_model, kind::post_message,
                 kind::select_choice, kind::list_messages})
    names.emplace_back(anuneko::name_of(k));
  return names;
}

} // namespace

anuneko_account::anuneko_account(const anuneko_options& service, anuneko_secrets secrets,
                                 std::shared_ptr<circuit> breaker)
    // The device id is also the same in all calls of an account.
    : account_watch(
          {service.name, stable_uuid(secrets.token), secrets.weight, service.longest_rest, true},
          service.counts, call_names(), std::move(breaker)),
      base_url_(service.base_url),
      origin_(origin_of(service.base_url)),
      secrets_(std::move(secrets)),
      limits_(service.limits) {}

std::shared_ptr<const anuneko_accounts> accounts_of(const anuneko_options& service) {
  auto breaker = std::make_shared<circuit>(service.circuit);
  std::vector<std::shared_ptr<anuneko_account>> all;
  for (const auto& secrets : service.accounts)
    all.push_back(std::make_shared<anuneko_account>(service, secrets, breaker));
  return std::make_shared<anuneko_accounts>(std::move(all), std::move(breaker));
}

running_call begun(anuneko::call_kind kind, std::string model) {
  using kinds = anuneko::call_kind;
  auto purpose = kind == kinds::post_message ? call_purpose::answering
                 : kind == kinds::view_user  ? call_purpose::listing
                                             : call_purpose::preparing;
  return {static_cast<std::size_t>(kind), purpose, std::chrono::steady_clock::now(),
          std::move(model)};
}

http_call anuneko_account::make(anuneko::call c, bool repeatable) const {
  http_call result;
  result.method = std::move(c.method);
  result.url = address_of(base_url_, c.path);
  result.body = std::move(c.body);
  result.limits = limits_;
  result.repeatable = repeatable;
  result.headers = {
      {"x-token", secrets_.token},
      {"x-app_id", "com.anuttacon.neko"},
      {"x-client_type", "4"},
      {"x-device_id", who().id},
      {"origin", origin_},
      {"referer", origin_ + "/"},
      // Firefox has the shortest user agent of a browser: libcurl writes it byte by byte.
      {"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
      {"accept", "*/*"}};
  if (!secrets_.cookie.empty())
    result.headers.emplace_back("cookie", secrets_.cookie);
  if (!c.content_type.empty())
    result.headers.emplace_back("content-type", std::move(c.content_type));
  return result;
}

chat::failure failure_of(const anuneko::service_error& e) {
  if (anuneko::refuses_account(e))
    return failure_code::upstream_auth_failed;
  return {failure_code::upstream_error,
          {},
          is_word(e.code) ? "upstream code " + e.code : std::string{}};
}

chat::failure failure_of(const upstream_response& r) {
  if (r.status == 401 || r.status == 402 || (r.status == 403 && !is_page(r)))
    return failure_code::upstream_auth_failed;
  if (r.status == 429) {
    chat::failure result{failure_code::rate_limit_exceeded, {}, "the upstream's rate limit"};
    result.retry_after = r.retry_after;
    return result;
  }
  if (auto e = anuneko::parse_error(r.body); e && anuneko::refuses_account(*e))
    return failure_code::upstream_auth_failed;
  chat::failure result{
      failure_code::upstream_error, {}, "upstream status " + std::to_string(r.status)};
  if (!r.redirect.empty())
    result.detail = "the upstream redirects to " + r.redirect;
  result.retry_after = r.retry_after;
  return result;
}

} // namespace nekod
