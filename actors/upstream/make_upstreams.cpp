#include "actors/upstream/make_upstreams.hpp"

#include "actors/upstream/anuneko/anuneko.hpp"
#include "actors/upstream/openai/openai.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace nekod {

namespace {

using service_map = std::map<std::string, std::shared_ptr<upstream_service>>;

std::shared_ptr<upstream_service> make_openai_upstream(transport& net, const upstream_settings& u,
                                                       const upstream_rules& rules) {
  openai_options o;
  o.name = u.name;
  o.base_url = u.url;
  o.key_header = u.key_header;
  if (!u.token_limit.empty())
    o.token_limit = u.token_limit;
  o.accounts.clear();
  for (const auto& account : u.accounts)
    o.accounts.push_back({account.secret, account.weight});
  o.default_model = u.model;
  o.limits = rules.openai_limits;
  o.circuit = rules.circuit;
  o.budget = rules.budget;
  o.longest_rest = rules.longest_rest;
  o.instance = rules.instance;
  o.counts = rules.counts;
  return make_openai(net, o);
}

std::shared_ptr<upstream_service> make_anuneko_upstream(transport& net, const upstream_settings& u,
                                                        const upstream_rules& rules) {
  anuneko_options o;
  o.name = u.name;
  o.base_url = u.url;
  for (const auto& account : u.accounts)
    o.accounts.push_back({account.secret, account.cookie, account.weight});
  if (!u.model.empty())
    o.default_model = u.model;
  o.limits = rules.anuneko_limits;
  o.circuit = rules.circuit;
  o.longest_rest = rules.longest_rest;
  o.counts = rules.counts;
  return make_anuneko(net, o);
}

bool takes_long_contexts(const std::vector<upstream_settings>& all, const std::string& name) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& u) { return u.name == name && u.long_context; });
}

retry_options retries_of(const upstream_settings& u, const upstream_rules& rules) {
  auto result = rules.retries;
  if (u.first_token_timeout)
    result.first_token =
        std::chrono::duration_cast<std::chrono::milliseconds>(*u.first_token_timeout);
  return result;
}

} // namespace

std::vector<routed_upstream> make_upstreams(transport& net,
                                            const std::vector<upstream_settings>& all,
                                            const upstream_rules& rules) {
  service_map services;
  for (const auto& u : all)
    services.emplace(u.name, u.kind == upstream_kind::openai
                                 ? make_openai_upstream(net, u, rules)
                                 : make_anuneko_upstream(net, u, rules));
  std::vector<routed_upstream> result;
  for (const auto& u : all) {
    std::vector<fallback> fallbacks;
    for (const auto& name : u.fallbacks)
      fallbacks.push_back(
          {services.at(name), services.at(name)->default_model(), takes_long_contexts(all, name)});
    result.emplace_back(make_retrying(services.at(u.name), std::move(fallbacks),
                                      retries_of(u, rules), *rules.counts),
                        u.models);
  }
  return result;
}

} // namespace nekod
