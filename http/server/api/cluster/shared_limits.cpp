#include "http/server/api/cluster/shared_limits.hpp"

#include "http/server/api/request_context.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace nekod::http {

void ask_all_nodes(const request_context& c, limit_request q,
                   const std::function<void(const std::optional<chat::failure>&)>& then) {
  const auto limits = c.api.options.limits;
  if (!limits || q.charge.buckets.empty())
    return then(std::nullopt);
  auto decide = [x = c.x, life = std::weak_ptr{c.api.life}, gate = c.api.options.gate, then,
                 q](std::optional<limit_verdict> v) {
    x->post([life, gate, then, q, v = std::move(v)] {
      if (!life.expired())
        then(v ? gate->refusal(q, *v) : std::nullopt);
    });
  };
  auto decide_alone = [limits, takes = q.charge.takes()] {
    if (takes)
      limits->decided_alone->Increment();
  };
  if (++limits->waiting > limits->most_waiting) {
    --limits->waiting;
    decide_alone();
    return then(std::nullopt);
  }
  auto asking = [limits, decide, decide_alone](caf::event_based_actor* self,
                                               const limit_charge& charge) {
    self->request(limits->all, limits->patience, charge)
        .then(
            [limits, decide](const limit_verdict& v) {
              --limits->waiting;
              decide(v);
            },
            [limits, decide, decide_alone](const caf::error&) {
              --limits->waiting;
              decide_alone();
              decide(std::nullopt);
            });
  };
  c.api.system.spawn(std::move(asking), std::move(q.charge));
}

void tell_all_nodes(const shared_limits& limits, limit_request q) {
  if (!q.chats)
    return;
  q.charge.in_any_case = true;
  caf::anon_send(limits.all, std::move(q.charge));
}

} // namespace nekod::http
