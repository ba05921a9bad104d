#include "http/server/api/turn_request.hpp"

#include "actors/messages.hpp"
#include "http/server/api/answer/reply.hpp"
#include "http/server/api/cross_origin.hpp"
#include "http/server/api/request_context.hpp"
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

} // namespace

void request_turn(const request_context& c, chat::request asked, const writer_maker& writer,
                  turn_storage storage) {
  const auto& request = c.req();
  const auto& options = c.api.options;
  if (c.source == request_source::foreign_page && !asked.session_id.empty()) {
    c.x->carry(origin_fields(*options.gate, c.source, request, true));
    return c.refuse(*refusal_of(c.source, request, false));
  }
  if (auto problem = read_session_fields(request, asked, options.header_names_sessions))
    return c.refuse(*problem);
  asked.retries = retries_of(request, c.who);
  asked.passed = nekods_before(request);
  if (asked.retries.key.size() > chat::max_idempotency_key)
    return c.refuse({failure_code::invalid_value, "Idempotency-Key", "at most 255 bytes"});
  std::shared_ptr<const chat::request> shared = std::make_shared<chat::request>(std::move(asked));
  open_turn t;
  if (options.home)
    t.home = options.home();
  auto handle =
      spawn_reply(c.api.system, t.home, c.x, shared, writer(*shared), c.request_id, options.reply);
  t.request = std::move(shared);
  t.tenant = c.who.tenant;
  t.follows = std::move(storage.follows);
  t.conversation = std::move(storage.conversation);
  t.keeper = std::move(storage.keeper);
  if (t.request->choices > 1)
    t.count_further = [gate = options.gate, who = c.who](std::uint32_t turns) {
      return gate->further_refusal(who, turns);
    };
  caf::anon_send(c.api.registry, atom::open_v, std::move(t), std::move(handle));
}

} // namespace nekod::http
