#include "actors/registry/placement.hpp"

#include "actors/session/session.hpp"
#include "protocol/openai/chat/message_layout.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

using openai::error_code;

/// The identity of a request: the same when it is sent again, and another for each that is merely
/// alike. Opening words that many clients may send are the same request only from the same sender.
std::string identity_of(const turn& t, const conversation_digest& digest) {
  const auto& r = *t.request;
  const auto from_anybody = r.retries.key.empty() && t.name.empty() && !t.told.tell_history();
  return digest.of_parts({t.told.asked, r.body, t.name, r.retries.key, t.scope,
                          from_anybody ? std::string_view{r.retries.sender} : std::string_view{}});
}

/// Whether a request says something before its new part.
bool has_history(const openai::chat_request& r) {
  const auto fresh = openai::layout_of(r.messages).fresh;
  return std::any_of(r.messages.begin(), r.messages.begin() + static_cast<std::ptrdiff_t>(fresh),
                     openai::says_something);
}

session_tip tip_before(const pending_turn& t) {
  return {t.tenant, t.what.scope, t.what.told.before};
}

placement_step join(pending_turn t, session_key session, session_match match) {
  t.what.match = match;
  return joins_session{std::move(t), std::move(session)};
}

} // namespace

placement::placement(const live_sessions& live, placement_options options)
    : live_(live), options_(std::move(options)) {}

placement_step placement::place(pending_turn t) {
  const auto& r = *t.what.request;
  const auto& header = r.session_header;
  t.what.told = options_.digest->of(r);
  t.what.name = r.session_id;
  if (!header.empty())
    t.what.scope = options_.digest->of_name(header);
  if (header.empty() || !t.what.name.empty() || !openai::valid_session_id(header))
    return name_or_search(std::move(t));
  if (!live_.has({t.tenant, header}))
    return asks_store{std::move(t), store_question::names_session};
  t.what.name = header;
  return name_or_search(std::move(t));
}

placement_step placement::name_or_search(pending_turn t) {
  auto& what = t.what;
  const auto is_named = !what.name.empty();
  // An `X-Session-Id` that is a name is no scope; one beside a name is.
  if (is_named && what.request->session_id.empty())
    what.scope.clear();
  what.identity = identity_of(what, *options_.digest);
  if (!is_named)
    return place_repeated(std::move(t));
  session_key named{t.tenant, what.name};
  return join(std::move(t), std::move(named), session_match::explicit_id);
}

placement_step placement::place_repeated(pending_turn t) {
  return t.what.request->retries.may_repeat() ? repeat(std::move(t)) : match(std::move(t));
}

placement_step placement::repeat(pending_turn t) {
  if (auto session = live_.with_request(t.tenant, t.what.identity))
    return join(std::move(t), std::move(*session), session_match::repeated);
  if (waiting_.contains({t.tenant, t.what.identity}))
    return wait_for_equal(std::move(t));
  return ask(std::move(t), store_question::answered_request);
}

placement_step placement::wait_for_equal(pending_turn t) {
  auto& waiting = waiting_[{t.tenant, t.what.identity}];
  if (waiting.size() > options_.queue)
    return refused_turn{std::move(t), busy_session()};
  waiting.push_back(std::move(t));
  return waits_for_equal{};
}

placement_step placement::match(pending_turn t) {
  const auto& request = *t.what.request;
  if (!options_.matching || !t.what.told.tell_history() || is_aside(request))
    return begin(std::move(t));
  if (auto session = live_.with_tip(tip_before(t)))
    return join(std::move(t), std::move(*session), session_match::transcript);
  return ask(std::move(t), store_question::has_tip);
}

placement_step placement::begin(pending_turn t) {
  const auto& request = *t.what.request;
  t.what.match = has_history(request) ? session_match::seeded : session_match::fresh;
  // The same request may have been answered in another session; a repetition of this one means the
  // new answer.
  const auto is_anew = t.what.match == session_match::seeded && request.retries.count.has_value();
  return begins_session{std::move(t), is_anew};
}

/// Asks the store; equal requests that come meanwhile wait.
placement_step placement::ask(pending_turn t, store_question question) {
  waiting_.try_emplace({t.tenant, t.what.identity});
  return asks_store{std::move(t), question};
}

placement_step placement::found(asks_store asked, const std::optional<session_key>& found) {
  auto& t = asked.turn;
  const auto is_outdated = found && live_.has(*found);
  switch (asked.question) {
  case store_question::names_session: {
    const auto& header = t.what.request->session_header;
    // The session may have begun meanwhile.
    if (found || live_.has({t.tenant, header}))
      t.what.name = header;
    else
      explain_scopes();
    return name_or_search(std::move(t));
  }
  case store_question::answered_request:
    // A session in memory that is not found by the request has forgotten it.
    if (found && !is_outdated)
      return join(std::move(t), *found, session_match::repeated);
    return match(std::move(t));
  case store_question::has_tip:
    // A session in memory that is not found by the tip has gone on, or is about to.
    if (found && !is_outdated)
      return join(std::move(t), *found, session_match::transcript);
    return begin(std::move(t));
  }
  return begin(std::move(t));
}

placement_step placement::silent(asks_store asked) {
  switch (asked.question) {
  case store_question::names_session:
    return refused_turn{std::move(asked.turn),
                        {error_code::store_unavailable, {}, "it did not answer"}};
  case store_question::answered_request:
    return match(std::move(asked.turn));
  case store_question::has_tip:
    break;
  }
  return begin(std::move(asked.turn));
}

std::vector<pending_turn> placement::take_equal(const std::string& tenant,
                                                const std::string& identity) {
  auto equal = waiting_.extract(request_key{tenant, identity});
  return equal.empty() ? std::vector<pending_turn>{} : std::move(equal.mapped());
}

std::vector<pending_turn> placement::take_waiting() {
  std::vector<pending_turn> result;
  for (auto& [request, turns] : std::exchange(waiting_, {}))
    result.insert(result.end(), std::make_move_iterator(turns.begin()),
                  std::make_move_iterator(turns.end()));
  return result;
}

/// Logs once how to have back what the header meant in 1.0.0.
void placement::explain_scopes() {
  if (!std::exchange(explained_scopes_, true))
    spdlog::info(
        "a request's X-Session-Id names no session here, so it groups requests and does not "
        "join them; --session-header name has it name sessions as in 1.0.0");
}

} // namespace nekod
