#pragma once

#include "actors/messages.hpp"
#include "http/server/api/pass_paths.hpp"
#include "http/server/api/pass_relay.hpp"
#include "http/server/api/reply.hpp"
#include "http/server/gate/admission.hpp"
#include "http/server/message/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// What routes are made of.
struct route_options {
  std::shared_ptr<const reply_options> reply = std::make_shared<reply_options>();
  /// The loop of the connection whose request is being handled, on its thread; empty where there is
  /// one thread.
  std::function<home_loop()> home;
  /// Who is let in; outlives the routes.
  const admission* gate = nullptr;
  /// Bytes of a body; more are answered 413.
  std::size_t max_body = 16u << 20;
  /// Messages of a chat; a request of more is answered 400.
  std::size_t max_messages = openai::most_messages;
  /// Whether `X-Session-Id` names a session, as in 1.0.0; else it is a scope where there is none of
  /// that name.
  bool header_names_sessions = false;
  /// Bytes of an address, its query included; more are answered 414.
  std::size_t max_url = 8u << 10;
  /// Bytes of all header fields; more are answered 431.
  std::size_t max_headers = 16u << 10;
  /// Requests being answered at a time; one for a chat past them is answered 503.
  std::size_t max_requests = 10'000;
  /// How many there are now.
  std::function<std::size_t()> open_requests;
  /// Connections at a time; a request on one more is answered 503 and its connection closed.
  std::size_t max_connections = 16'000;
  std::function<std::size_t()> open_connections;
  /// Bytes of memory past which a chat is answered 503; 0 for no limit.
  std::size_t max_memory = 0;
  /// How many there are now.
  std::function<std::size_t()> memory;
  /// Whether there is an upstream that requests may pass to; where not, they are unknown paths.
  bool passes = false;
  std::shared_ptr<const pass_options> pass = std::make_shared<pass_options>();
  /// Paths that pass from anybody though they name objects.
  pass_list pass_paths;
  /// Bytes of a body that passes; more are answered 413.
  std::uint64_t max_upload = 512u << 20;
  /// What `GET /metrics` shows.
  std::function<std::string()> metrics_text;
  std::string version;
  /// The id that this process adds to `X-Nekod-Via` of what it asks of its upstreams.
  std::string instance;
};

/// The way from a request to the actors: finds the endpoint, asks the gate, checks and parses, and
/// answers at once what needs no actor. Paths are taken with and without `/v1`, with doubled and
/// trailing slashes.
class routes {
public:
  routes(caf::actor_system& system, registry_actor registry, route_options options);

  /// Answers *x*, now or later. May be called on several threads at once.
  void handle(const exchange_ptr& x);

  /// Whether *r*, of which only the head is here, may be answered with more than a refusal. May be
  /// called on several threads at once.
  bool wants_body(const request& r) const;

  /// How many bytes the body of *r*, of which only the head is here, may have where it passes as it
  /// comes; nothing where it is to be read whole, or is not wanted. May be called on several
  /// threads at once.
  std::optional<std::uint64_t> streams_body(const request& r) const;

  /// From now on it is not ready.
  void announce_drain() noexcept { leaving_ = true; }

  /// From now on new requests are refused with 503, but for those of monitors.
  void drain() noexcept { draining_ = true; }

private:
  struct call;
  struct endpoint;

  // Endpoints.
  void chat(const call& c);
  void models(const call& c);
  void model(const call& c);
  void sessions(const call& c);
  void session(const call& c);
  void clear_sessions(const call& c);
  void delete_session(const call& c);
  void health(const call& c);
  void alive(const call& c);
  void ready(const call& c);
  void metrics_page(const call& c);
  void front_page(const call& c);
  void openapi(const call& c);
  void preflight(const call& c) const;
  void pass(const call& c);

  static const endpoint* find(std::string_view path, std::string_view method);
  static const endpoint* passed_endpoint(std::string_view raw, std::string_view method);
  const endpoint* endpoint_of(const request& r, std::string_view path) const;
  bool may_pass(const pass_target& target, const caller& who, const request& r) const;

  void dispatch(call& c);
  std::optional<openai::error> read_session_fields(const request& from,
                                                   openai::chat_request& to) const;
  std::optional<openai::error> too_much(const request& r, const endpoint* where) const;
  bool lacks_memory() const;
  std::optional<openai::error> turned_away(call& c) const;
  std::optional<openai::error> barred(const call& c, const request& r) const;
  bool is_shared(const endpoint& where, const request& r) const;
  fields cors_fields_for(const call& c, bool is_barred) const;
  void refuse(const call& c, const openai::error& e) const;
  void refuse_method(const call& c) const;

  /// Asks the registry, and answers with what *answer* makes of its reply.
  template <class Reply, class Answer, class... Question>
  void ask(const call& c, Answer answer, Question... question);

  /// The same with another patience than usual.
  template <class Reply, class Answer, class... Question>
  void ask_for(std::chrono::seconds patience, const call& c, Answer answer, Question... question);

  caf::actor_system& system_;
  registry_actor registry_;
  route_options options_;
  /// When this began, in seconds since the epoch: what is told of models that say no time
  /// themselves.
  std::int64_t started_;
  std::atomic<bool> leaving_{false};
  std::atomic<bool> draining_{false};
};

} // namespace nekod::http
