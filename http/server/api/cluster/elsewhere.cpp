#include "http/server/api/cluster/elsewhere.hpp"

#include "actors/store/store_timeout.hpp"
#include "http/server/api/answer/response_form.hpp"

#include <caf/event_based_actor.hpp>

#include <memory>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

/// Hands the request on to the node at that address.
void hand_on(const request_context& c, elsewhere_request asked, const std::string& address) {
  asked.what.tenant = c.who.tenant;
  asked.what.absent = [c, f = std::move(asked.absent)] { f(c); };
  if (asked.unreachable)
    asked.what.unreachable = [c, f = std::move(asked.unreachable)] { f(c); };
  std::make_shared<holder_relay>(c.x, c.request_id, c.api.options.cluster, std::move(asked.what))
      ->start(address);
}

} // namespace

void answer_elsewhere(const request_context& c, elsewhere_request asked) {
  const auto& cluster = c.api.options.cluster;
  if (c.relayed)
    return c.refuse(chat::failure_code::response_not_found);
  if (!cluster)
    return asked.absent(c);
  const auto shared = std::make_shared<elsewhere_request>(std::move(asked));
  auto asking = [c, shared](caf::event_based_actor* self, const answer_places_actor& places) {
    self->request(places, store_timeout, atom::show_v, shared->name)
        .then(
            [c, shared](const std::string& address) {
              if (address.empty())
                shared->absent(c);
              else
                hand_on(c, std::move(*shared), address);
            },
            // Without its store, this node answers as it can.
            [c, shared](const caf::error&) { shared->absent(c); });
  };
  c.api.system.spawn(std::move(asking), cluster->places);
}

void answer_elsewhere(const request_context& c, std::string_view id, relayed_request what,
                      own_answer absent, own_answer unreachable) {
  // Any other id is in no place.
  if (!id.starts_with(response_prefix))
    return absent(c);
  elsewhere_request asked;
  asked.name = answer_name::of_id(c.who.tenant, std::string{id.substr(response_prefix.size())});
  asked.what = std::move(what);
  asked.what.is_response = true;
  asked.absent = std::move(absent);
  asked.unreachable = std::move(unreachable);
  answer_elsewhere(c, std::move(asked));
}

std::chrono::milliseconds stream_time(const request_context& c) {
  const auto& cluster = c.api.options.cluster;
  return cluster ? cluster->silence : object_time;
}

} // namespace nekod::http
