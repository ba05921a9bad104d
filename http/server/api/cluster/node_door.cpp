#include "http/server/api/cluster/node_door.hpp"

#include "http/server/api/cluster/holder_relay.hpp"
#include "http/server/api/routes.hpp"

#include <spdlog/spdlog.h>

#include <vector>

namespace nekod::http {

node_door::node_door(const std::string& secret)
    : secret_(std::vector{api_keys::entry{hash_of_key(secret), {}}}) {}

void node_door::handle(const exchange_ptr& x, const routes& all) const {
  x->notes().endpoint = "relayed";
  const auto tenant = x->req().header(tenant_field);
  if (knows(x->req()) && (tenant.empty() || valid_tenant(tenant)))
    return all.handle_relayed(x, std::string{tenant});
  spdlog::warn("refused a request to the port between nodes: its cluster-secret is wrong");
  x->close_after();
  x->respond(wrong_secret, {}, {});
}

} // namespace nekod::http
