#include "protocol/settings/upstream_flags.hpp"

#include "protocol/base_address.hpp"

#include <utility>

namespace nekod {

namespace {

result<upstream_settings, std::string> openai_upstream(const upstream_flags& flags) {
  if (flags.openai_url.empty())
    return std::string{"nekod: --upstream openai needs --openai-url"};
  upstream_settings u;
  u.name = name_of(flags.kind);
  u.kind = flags.kind;
  u.url = tidy_base_address(flags.openai_url);
  u.model = flags.openai_model;
  u.key_header = flags.openai_key_header;
  u.token_limit = flags.openai_token_limit;
  for (auto& key : split_at_commas(flags.openai_key))
    u.accounts.push_back({std::move(key), {}, 1});
  if (u.accounts.empty()) // Many servers require no key.
    u.accounts.emplace_back();
  return u;
}

} // namespace

result<upstream_settings, std::string> upstream_of(const upstream_flags& flags) {
  if (flags.kind == upstream_kind::openai)
    return openai_upstream(flags);
  upstream_settings u;
  u.name = name_of(flags.kind);
  u.kind = flags.kind;
  u.url = tidy_base_address(flags.anuneko_url);
  for (auto& token : split_at_commas(flags.anuneko_token))
    u.accounts.push_back({std::move(token), flags.anuneko_cookie, 1});
  if (u.accounts.empty() && u.kind == upstream_kind::anuneko)
    return std::string{"Token 未提供，请设置 ANUNEKO_TOKEN 环境变量或直接传入 token 参数"};
  return u;
}

} // namespace nekod
