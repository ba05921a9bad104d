#include "http/server/api/turn_request.hpp"

#include "actors/messages.hpp"
#include "actors/resumption/kept_answer.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/reply.hpp"
#include "http/server/api/answer/resumed_writer.hpp"
#include "http/server/api/cluster/shared_limits.hpp"
#include "http/server/api/cross_origin.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/gate/api_keys.hpp"
#include "http/server/message/nekod_path.hpp"

#include <caf/send.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

chat::retries retries_of(const request& r, const caller& who) {
  auto result = chat::parse_retries(
      std::string{r.header("Idempotency-Key")}, r.header("X-Stainless-Retry-Count"),
      r.header("X-Stainless-Timeout"), r.header("X-Stainless-Read-Timeout"));
  result.sender = who.address;
  result.sender.append("\n").append(presented_key(r));
  result.sender.append("\n").append(r.header("User-Agent"));
  return result;
}

/// Reads the session that the header fields name. A name in the body has precedence.
/// @returns what is wrong with them.
std::optional<chat::failure> read_session_fields(const request& from, chat::request& to,
                                                 bool header_names_sessions) {
  auto name = [&](const char* field) -> std::optional<chat::failure> {
    auto value = from.header(field);
    if (value.empty() || !to.session_id.empty())
      return std::nullopt;
    if (!chat::valid_session_id(value))
      return chat::failure{failure_code::invalid_session_id, field,
                           std::string{chat::session_id_form}};
    to.session_id = value;
    return std::nullopt;
  };
  if (auto problem = name("X-Nekod-Session"))
    return problem;
  if (header_names_sessions)
    return name("X-Session-Id");
  to.session_header = from.header("X-Session-Id");
  return std::nullopt;
}

/// Completes a request with the header fields about sessions.
/// @returns the refusal if one of them is wrong.
std::optional<chat::failure> complete(const request_context& c, chat::request& asked) {
  const auto& request = c.req();
  const auto& options = c.api.options;
  if (c.source == request_source::foreign_page && !asked.session_id.empty()) {
    c.x->carry(origin_fields(*options.gate, c.source, request, true));
    return refusal_of(c.source, request, false);
  }
  if (auto problem = read_session_fields(request, asked, options.header_names_sessions))
    return problem;
  asked.via = nekods_before(request);
  if (request.header("Idempotency-Key").size() > chat::max_idempotency_key)
    return chat::failure{failure_code::invalid_value, "Idempotency-Key", "at most 255 bytes"};
  return std::nullopt;
}

open_turn turn_of(const request_context& c, std::shared_ptr<const chat::request> asked,
                  turn_storage& storage) {
  open_turn t;
  if (c.api.options.home)
    t.home = c.api.options.home();
  t.request = std::move(asked);
  t.tenant = c.who.tenant;
  static_cast<turn_ties&>(t) = std::move(static_cast<turn_ties&>(storage));
  if (t.request->choices > 1)
    t.count_further = [gate = c.api.options.gate, limits = c.api.options.limits,
                       who = c.who](std::uint32_t turns) {
      auto refusal = gate->further_refusal(who, turns);
      if (limits)
        tell_all_nodes(*limits, refusal ? gate->limit_request_of(who, -1, -1)
                                        : gate->limit_request_of(who, 0, static_cast<int>(turns)));
      return refusal;
    };
  return t;
}

/// Keeps the answer of *t* for clients that come back.
/// @returns nothing if there is no room.
std::optional<kept_answer_actor> keep_answer(const request_context& c, open_turn t,
                                             turn_storage& storage, bool background) {
  const auto home = t.home;
  kept_answer_options o;
  o.rules = *c.api.options.resumption;
  o.registry = c.api.registry;
  o.store = c.api.store;
  o.asked = std::move(t);
  o.recorder = std::move(storage.object_recorder);
  o.background = background;
  o.request = std::move(storage.identity);
  return spawn_kept_answer(c.api.system, home, std::move(o));
}

} // namespace

void request_turn(const request_context& c, chat::request asked, const writer_maker& writer,
                  turn_storage storage) {
  const auto& options = c.api.options;
  if (auto problem = complete(c, asked))
    return c.refuse(*problem);
  asked.retries = retries_of(c.req(), c.who);
  auto after = resume_after_of(c.req());
  if (!after)
    return c.refuse(after.error());
  asked.retries.resume_after = *after;
  if (storage.identity.empty())
    storage.identity = retry_key_of(c, asked.body);
  const auto resumable = asked.stream && wants_resumable(c.req());
  std::shared_ptr<const chat::request> shared = std::make_shared<chat::request>(std::move(asked));
  auto form = writer(*shared);
  if (*after)
    form = make_resumed_writer(std::move(form), **after);
  if (const auto kept = options.resumption->all->find_by_retry_key(storage.identity);
      kept && shared->stream) {
    c.x->carry_also({{"Idempotent-Replayed", "true"}});
    return attach_reply(c, kept->who, std::move(shared), std::move(form));
  }
  auto t = turn_of(c, shared, storage);
  if (resumable) {
    t.answer_id = {make_id({}), unix_time()};
    if (const auto kept = keep_answer(c, t, storage, false))
      return attach_reply(c, *kept, std::move(shared), std::move(form), true);
    t.answer_id.reset();
  }
  auto handle = spawn_reply(c.api.system, t.home, c.x, std::move(shared), std::move(form),
                            c.request_id, options.reply);
  caf::anon_send(c.api.registry, atom::open_v, std::move(t), std::move(handle));
}

void request_background_turn(const request_context& c, chat::request asked, turn_storage storage,
                             answer_identity identity,
                             const std::function<std::unique_ptr<answer_writer>()>& writer) {
  if (auto problem = complete(c, asked))
    return c.refuse(*problem);
  // Requests that are sent again are found by their kept answer alone, so `key` and `count` stay
  // empty.
  asked.retries.sender = retries_of(c.req(), c.who).sender;
  const std::shared_ptr<const chat::request> shared =
      std::make_shared<chat::request>(std::move(asked));
  auto t = turn_of(c, shared, storage);
  const auto queued =
      storage.object_recorder->unfinished({identity, t.tenant, {}, {}, nullptr}).object;
  t.answer_id = std::move(identity);
  const auto kept = keep_answer(c, std::move(t), storage, true);
  if (!kept)
    return c.refuse(chat::retry_soon(failure_code::overloaded, "no memory left for the answer"));
  auto asking = [c, shared, queued, writer](caf::event_based_actor* self,
                                            const kept_answer_actor& whom) {
    self->request(whom, actor_timeout, atom::turn_v)
        .then(
            [c, whom, shared, queued, writer](atom::turn) {
              if (writer)
                attach_reply(c, whom, shared, writer());
              else
                c.respond_json(200, queued);
            },
            [c](const caf::error&) { c.refuse({failure_code::store_unavailable}); });
  };
  c.api.system.spawn(std::move(asking), *kept);
}

} // namespace nekod::http
