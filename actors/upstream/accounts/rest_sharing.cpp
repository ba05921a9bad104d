#include "actors/upstream/accounts/rest_sharing.hpp"

namespace nekod {

rest_sharing::rest_sharing(const std::vector<std::shared_ptr<upstream_service>>& upstreams,
                           naming name)
    : name_(std::move(name)) {
  for (const auto& upstream : upstreams)
    for (auto& account : upstream->accounts()) {
      const auto& who = account->who();
      all_.emplace(std::pair{who.upstream, name_(who.upstream, who.id)}, std::move(account));
    }
}

void rest_sharing::tell(const std::function<void(shared_rest)>& f) const {
  for (const auto& [names, account] : all_)
    account->on_rest([f, name = names.second](shared_rest r) {
      r.account = name;
      f(std::move(r));
    });
}

void rest_sharing::heard(const shared_rest& r) const {
  const auto [begin, end] = all_.equal_range({r.upstream, r.account});
  for (auto i = begin; i != end; ++i)
    i->second->heard(r);
}

} // namespace nekod
