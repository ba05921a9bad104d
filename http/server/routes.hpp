#pragma once

#include "actors/messages.hpp"
#include "http/server/exchange.hpp"
#include "http/server/reply.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nekod::http {

/// What routes are made of.
struct route_options {
  std::shared_ptr<const reply_options> reply = std::make_shared<reply_options>();
  /// Bytes of a body; more are answered 413.
  std::size_t max_body = 16u << 20;
  /// Requests being answered at a time; one for a chat past them is answered 503.
  std::size_t max_requests = 10'000;
  /// How many there are now.
  std::function<std::size_t()> open_requests;
  /// Connections at a time; a request on one more is answered 503 and its connection closed.
  std::size_t max_connections = 16'000;
  std::function<std::size_t()> open_connections;
  std::string version;
};

/// The way from a request to the actors: finds the endpoint, checks and parses, and answers at once
/// what needs no actor. Paths are taken with and without `/v1`, with doubled and trailing slashes.
class routes {
public:
  routes(caf::actor_system& system, registry_actor registry, route_options options);

  /// Answers *x*, now or later. May be called on several threads at once.
  void handle(const exchange_ptr& x);

  /// From now on new requests are refused with 503.
  void drain() noexcept { draining_ = true; }

private:
  struct call;

  // Endpoints.
  void chat(const call& c);
  void models(const call& c);
  void model(const call& c, std::string_view encoded_id);
  void sessions(const call& c);
  void delete_session(const call& c, std::string_view encoded_id);
  void preflight(const call& c) const;

  void dispatch(const call& c);
  bool turns_away(const call& c) const;
  void refuse(const call& c, const openai::error& e) const;
  void refuse_method(const call& c, const char* allowed) const;

  /// Asks the registry, and answers with what *answer* makes of its reply.
  template <class Reply, class Answer, class... Question>
  void ask(const call& c, Answer answer, Question... question);

  caf::actor_system& system_;
  registry_actor registry_;
  route_options options_;
  std::atomic<bool> draining_{false};
};

} // namespace nekod::http
