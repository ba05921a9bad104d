#include "actors/retelling.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace nekod {

namespace {

/// Copies what was read from header fields: the request with the history is made from bodies only.
void copy_fields(const chat::request& from, chat::request& to) {
  to.session_id = from.session_id;
  to.session_header = from.session_header;
  to.retries = from.retries;
  to.via = from.via;
}

open_turn asked_again(turn t, std::string tenant) {
  open_turn again;
  again.tenant = std::move(tenant);
  again.request = std::move(t.request);
  static_cast<turn_ties&>(again) = std::move(static_cast<turn_ties&>(t));
  again.home = t.home;
  return again;
}

} // namespace

void ask_with_history(turn t, std::string tenant, reply_actor reply, registry_actor registry) {
  const auto left_out = t.left_out;
  const auto again = std::make_shared<open_turn>(asked_again(std::move(t), std::move(tenant)));
  again->left_out = nullptr;
  left_out->tell([again, reply = std::move(reply),
                  registry = std::move(registry)](result<chat::request, chat::failure> told) {
    if (!told) {
      caf::anon_send(reply, atom::failed_v, std::move(told.error()));
      return;
    }
    copy_fields(*again->request, *told);
    again->request = std::make_shared<const chat::request>(*std::move(told));
    caf::anon_send(registry, atom::open_v, std::move(*again), reply);
  });
}

void ask_anew(turn t, std::string tenant, reply_actor reply, const registry_actor& registry) {
  auto request = std::make_shared<chat::request>(*t.request);
  request->retries.count.reset();
  auto again = asked_again(std::move(t), std::move(tenant));
  again.request = std::move(request);
  caf::anon_send(registry, atom::open_v, std::move(again), std::move(reply));
}

} // namespace nekod
