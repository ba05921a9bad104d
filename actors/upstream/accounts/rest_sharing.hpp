#pragma once

#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/accounts/shared_rest.hpp"
#include "actors/upstream/upstream.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// The accounts of all upstreams, by the names on which nodes agree: leads their rests to other
/// nodes, and those of other nodes to them. Circuit breakers, and limits on an address, concern a
/// node alone. May be used from any thread.
class rest_sharing {
public:
  /// Names the account with that id, as in `account_identity`, of that upstream.
  using naming = std::function<std::string(const std::string& upstream, const std::string& id)>;

  rest_sharing(const std::vector<std::shared_ptr<upstream_service>>& upstreams, naming name);

  /// *f* is called, on any thread, with each rest that other nodes have to know. Call before the
  /// first call to an upstream.
  void tell(const std::function<void(shared_rest)>& f) const;

  /// Another node told of a rest. One of an account that is unknown here is ignored.
  void heard(const shared_rest& r) const;

private:
  naming name_;
  /// By the names of upstream and account. A secret may be configured twice.
  std::multimap<std::pair<std::string, std::string>, std::shared_ptr<account_watch>> all_;
};

} // namespace nekod
