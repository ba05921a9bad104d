#pragma once

#include "http/server/api/common_answers.hpp"
#include "http/server/api/reply.hpp"
#include "http/server/api/routes.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// What the files that answer for `routes` share: the endpoint and the request that it is about.
namespace nekod::http {

/// In place of an endpoint's method where it takes all that pass.
inline constexpr std::string_view any_method = "*";

/// One address that is answered.
struct routes::endpoint {
  /// Whether this is the address of *raw*.
  bool is_at(std::string_view raw) const {
    auto has_id = path.size() > 1 && path.back() == '/';
    return has_id ? raw.substr(0, path.size()) == path : raw == path;
  }

  bool takes(std::string_view m) const {
    return method == any_method ? is_passed_method(m)
                                : m == method || (m == "HEAD" && method == "GET");
  }

  std::string_view path;
  /// Its one method here, and what `Allow` says of all that the address has.
  std::string_view method;
  const char* allowed;
  /// Its word in metrics and the log.
  const char* word;
  void (routes::*answer)(const call&);
  /// Whether no key is wanted.
  bool open = false;
  /// Whether it is for those who watch over nekod: it has no rate limit, and is answered also while
  /// nekod drains or has no room.
  bool watched = false;
  /// Whether pages of other origins may use it where no key is wanted.
  bool shared = false;
  /// Whether it is answered under any host name.
  bool any_host = false;
};

/// A request on its way through the routes.
struct routes::call {
  bool is(std::string_view method) const { return x->req().method == method; }

  bool is_chat() const { return where != nullptr && where->answer == &routes::chat && is("POST"); }

  /// Whether it passes to an upstream as it is.
  bool passes() const {
    return where != nullptr && where->answer == &routes::pass && !is("OPTIONS");
  }

  /// Whether an upstream works for it, so that it is refused where there is no room.
  bool is_work() const { return is_chat() || passes(); }

  /// Whether it counts as a chat against the limit on those: completions are chats by another name.
  bool counts_as_chat() const {
    return is_chat() || (is_work() && std::string_view{where->word} == "completions");
  }

  /// What stands behind the endpoint's path, percent-encoded.
  std::string_view id() const { return std::string_view{path}.substr(where->path.size()); }

  exchange_ptr x;
  std::string request_id;
  std::string path;
  /// Null for an unknown one.
  const endpoint* where = nullptr;
  caller who;
  /// As far as it matters: where keys are wanted, any is as good.
  request_source source = request_source::program;
};

/// How long the registry may take for an answer; it may have to ask the upstream for its models
/// first.
inline constexpr std::chrono::seconds registry_timeout{60};

template <class Reply, class Answer, class... Question>
void routes::ask_for(std::chrono::seconds patience, const call& c, Answer answer,
                     Question... question) {
  auto asking = [c, answer, lang = options_.reply->language,
                 patience](caf::event_based_actor* self, const registry_actor& registry,
                           const Question&... q) {
    self->request(registry, patience, q...)
        .then([c, answer](const Reply& reply) { answer(*c.x, c.request_id, reply); },
              [c, lang](const caf::error& e) {
                // The store tells of its failures so.
                const auto failed = e == caf::sec::runtime_error;
                respond_error(*c.x,
                              failed ? openai::error{openai::error_code::store_unavailable}
                                     : openai::error{openai::error_code::internal_error,
                                                     {},
                                                     "no answer in time"},
                              lang, c.request_id);
              });
  };
  system_.spawn(std::move(asking), registry_, std::move(question)...);
}

template <class Reply, class Answer, class... Question>
void routes::ask(const call& c, Answer answer, Question... question) {
  ask_for<Reply>(registry_timeout, c, std::move(answer), std::move(question)...);
}

inline void respond_json(exchange& x, const std::string& request_id, std::uint16_t status,
                         std::string body) {
  auto headers = common_fields(request_id);
  headers.emplace_back("Content-Type", "application/json");
  x.respond(status, std::move(headers), std::move(body));
}

} // namespace nekod::http
