#include "actors/upstream/anuneko_account.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

/// The site that a base URL belongs to: its scheme and host.
std::string origin_of(const std::string& base_url) {
  auto host = base_url.find("://");
  if (host == std::string::npos)
    return base_url;
  return base_url.substr(0, base_url.find('/', host + 3));
}

/// Whether *code* is a machine's word, so that it surely quotes nothing.
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

anuneko_account::anuneko_account(anuneko_options options)
    : account_watch(options.counts, call_names()),
      options_(std::move(options)),
      origin_(origin_of(options_.base_url)) {}

running_call begun(anuneko::call_kind kind) {
  return {static_cast<std::size_t>(kind), std::chrono::steady_clock::now()};
}

http_call anuneko_account::make(anuneko::call c, bool repeatable) const {
  http_call result;
  result.method = std::move(c.method);
  result.url = options_.base_url + c.path;
  result.body = std::move(c.body);
  result.limits = options_.limits;
  result.repeatable = repeatable;
  result.headers = {{"x-token", options_.token},
                    {"x-app_id", "com.anuttacon.neko"},
                    {"x-client_type", "4"},
                    {"x-device_id", options_.device_id},
                    {"origin", origin_},
                    {"referer", origin_ + "/"},
                    {"user-agent",
                     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
                     "Gecko) Chrome/131.0.0.0 Safari/537.36"},
                    {"accept", "*/*"}};
  if (!options_.cookie.empty())
    result.headers.emplace_back("cookie", options_.cookie);
  if (!c.content_type.empty())
    result.headers.emplace_back("content-type", std::move(c.content_type));
  return result;
}

error failure_of(const anuneko::service_error& e) {
  if (anuneko::refuses_account(e))
    return error_code::upstream_auth_failed;
  return {
      error_code::upstream_error, {}, is_word(e.code) ? "upstream code " + e.code : std::string{}};
}

error failure_of(const upstream_response& r) {
  if (r.status == 401 || r.status == 403)
    return error_code::upstream_auth_failed;
  if (r.status == 429) {
    error result{error_code::rate_limit_exceeded, {}, "the upstream's limit"};
    result.retry_after = r.retry_after;
    return result;
  }
  if (auto e = anuneko::parse_error(r.body); e && anuneko::refuses_account(*e))
    return error_code::upstream_auth_failed;
  error result{error_code::upstream_error, {}, "upstream status " + std::to_string(r.status)};
  result.retry_after = r.retry_after;
  return result;
}

} // namespace nekod
