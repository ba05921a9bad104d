#pragma once

#include "actors/messages.hpp"
#include "actors/store/store_timeout.hpp"
#include "http/server/api/endpoint.hpp"
#include "http/server/api/route_options.hpp"
#include "http/server/gate/admission.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::http {

/// Shared by all endpoints. Outlives every request.
struct api_services {
  caf::actor_system& system;
  registry_actor registry;
  store_actor store;
  route_options options;
  /// When the process began, in seconds since the epoch: the time of models that have none of their
  /// own.
  std::int64_t started = 0;
  /// Whether readiness is refused, and whether new requests are.
  std::atomic<bool> leaving{false};
  std::atomic<bool> draining{false};
  /// Ends with this: for what is left to an event loop, which may run it later.
  std::shared_ptr<const bool> life = std::make_shared<const bool>(true);
};

/// How long the registry may take to answer: it may have to ask the upstream for its models.
inline constexpr std::chrono::seconds actor_timeout{60};

/// A request, its caller and its endpoint, while it is answered.
struct request_context {
  const request& req() const { return x->req(); }

  bool is(std::string_view method) const { return req().method == method; }

  /// Whether an upstream has to work for it.
  bool is_work() const {
    return where != nullptr && ((where->work == upstream_work::chat && is("POST")) ||
                                (where->work == upstream_work::passed && !is("OPTIONS")));
  }

  /// The part of the path after the endpoint's, percent-encoded.
  std::string_view id() const { return std::string_view{path}.substr(where->path.size()); }

  nekod::language language() const { return api.options.language; }

  void respond_json(std::uint16_t status, std::string body) const;

  void refuse(const chat::failure& e) const;

  /// Asks the registry, and calls *answer* with this context and the reply. Answers with an error
  /// if there is no reply in time.
  template <class Reply, class Answer, class... Question>
  void ask(Answer answer, Question... question) const {
    ask_for<Reply>(actor_timeout, std::move(answer), std::move(question)...);
  }

  /// The same with another timeout.
  template <class Reply, class Answer, class... Question>
  void ask_for(std::chrono::seconds timeout, Answer answer, Question... question) const {
    ask_actor<Reply>(api.registry, timeout, std::move(answer), failure_of, std::move(question)...);
  }

  /// Asks the store in the same way.
  template <class Reply, class Answer, class... Question>
  void ask_store(Answer answer, Question... question) const {
    ask_actor<Reply>(api.store, store_timeout, std::move(answer), failure_of_store,
                     std::move(question)...);
  }

  const api_services& api;
  exchange_ptr x;
  std::string request_id;
  /// Without `/v1`, and without doubled or trailing slashes.
  std::string path;
  /// Null for an unknown path.
  const endpoint* where = nullptr;
  caller who;
  /// Set if no key is needed; with keys it makes no difference.
  request_source source = request_source::program;
  /// Takes refusals in the client's place, once a reply has its answer. Usually empty.
  std::function<void(const chat::failure&)> on_refusal = {};
  /// Whether another node handed it on, which asks for an answer that this one keeps.
  bool relayed = false;

private:
  using failure_maker = chat::failure (*)(const caf::error&);

  template <class Reply, class Actor, class Timeout, class Answer, class... Question>
  void ask_actor(const Actor& whom, Timeout timeout, Answer answer, failure_maker failed,
                 Question... question) const {
    auto asking = [c = *this, whom, timeout, answer, failed](caf::event_based_actor* self,
                                                             const Question&... q) {
      self->request(whom, timeout, q...)
          .then([c, answer](const Reply& reply) { answer(c, reply); },
                [c, failed](const caf::error& e) { c.refuse(failed(e)); });
    };
    api.system.spawn(std::move(asking), std::move(question)...);
  }

  /// The error for a client if the registry, or the store, answers with *e*.
  static chat::failure failure_of(const caf::error& e);
  static chat::failure failure_of_store(const caf::error& e);
};

} // namespace nekod::http
