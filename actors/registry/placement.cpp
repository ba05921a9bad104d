#include "actors/registry/placement.hpp"

#include "actors/session/turn_queue.hpp"
#include "protocol/chat/message.hpp"
#include "protocol/chat/message_layout.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

/// The identity of a request: the same if it is sent again, different for others that merely look
/// alike. Opening words that many clients may send are the same request only from the same sender.
std::string identity_of(const turn& t, const conversation_digest& digest) {
  const auto& r = *t.request;
  const auto needs_sender =
      r.retries.key.empty() && t.name.empty() && !t.follows && !t.digests.tell_history();
  std::vector<std::string_view> parts{
      t.digests.asked, r.body,
      t.name,          r.retries.key,
      t.scope,         needs_sender ? std::string_view{r.retries.sender} : std::string_view{}};
  if (t.follows)
    parts.emplace_back(t.follows->response);
  if (t.left_out && t.left_out->instructions)
    parts.emplace_back(*t.left_out->instructions);
  return digest.of_parts(parts);
}

/// Whether a request has messages before its new part.
bool has_history(const chat::request& r) {
  const auto fresh = chat::layout_of(r.messages).fresh;
  return std::any_of(r.messages.begin(), r.messages.begin() + static_cast<std::ptrdiff_t>(fresh),
                     chat::says_something);
}

placement_step join(pending_turn t, session_key session, session_match match,
                    std::optional<session_taken> taken = {}) {
  t.what.match = match;
  return joins_session{std::move(t), std::move(session), std::move(taken)};
}

} // namespace

placement::placement(const live_sessions& live, placement_options options)
    : live_(live), options_(std::move(options)) {}

placement_step placement::place(pending_turn t) {
  const auto& r = *t.what.request;
  const auto& header = r.session_header;
  t.what.digests = options_.digest->of(r);
  if (t.what.follows) {
    t.what.identity = identity_of(t.what, *options_.digest);
    return place_by_identity(std::move(t));
  }
  if (t.what.conversation.is_named()) {
    t.what.name = t.what.conversation.session;
    return name_or_search(std::move(t));
  }
  t.what.name = r.session_id;
  if (!header.empty())
    t.what.scope = options_.digest->of_name(header);
  if (header.empty() || !t.what.name.empty() || !chat::valid_session_id(header))
    return name_or_search(std::move(t));
  if (!live_.has({t.tenant, header}))
    return asks_name{std::move(t)};
  t.what.name = header;
  return name_or_search(std::move(t));
}

placement_step placement::name_or_search(pending_turn t) {
  auto& what = t.what;
  const auto is_named = !what.name.empty();
  // An `X-Session-Id` that names a session is not a scope; one beside a name in the body is.
  if (is_named && what.name != what.request->session_id)
    what.scope.clear();
  what.identity = identity_of(what, *options_.digest);
  if (!is_named)
    return place_by_identity(std::move(t));
  session_key named{t.tenant, what.name};
  return join(std::move(t), std::move(named), session_match::explicit_id);
}

placement_step placement::place_by_identity(pending_turn t) {
  const auto& request = *t.what.request;
  if (request.retries.may_repeat())
    return repeat(std::move(t));
  // The client counts how often it sends a request, and this is the first time: it is a new
  // request. Its later repetitions must not get an earlier answer to the same words.
  const auto may_be_stored = options_.shared || t.what.follows || has_history(request);
  const auto is_anew = request.retries.count.has_value() && may_be_stored;
  return search(std::move(t), is_anew ? earlier_answer::forgotten : earlier_answer::ignored);
}

placement_step placement::repeat(pending_turn t) {
  if (auto session = live_.with_request(t.tenant, t.what.identity))
    return join(std::move(t), std::move(*session), session_match::repeated);
  const request_key own{t.tenant, t.what.identity};
  if (waiting_.contains(own))
    return wait_for(own, std::move(t));
  return search(std::move(t), earlier_answer::wanted);
}

placement_step placement::wait_for(const request_key& first, pending_turn t) {
  auto& waiting = waiting_[first];
  if (waiting.size() > options_.queue)
    return refused_turn{std::move(t), busy_session()};
  waiting.push_back(std::move(t));
  return waits_for_other{};
}

/// The conversation by which a session is recognised, if that is wanted.
std::optional<session_tip> placement::tip_of(const pending_turn& t) const {
  if (!options_.matching || t.what.follows || !t.what.digests.tell_history() ||
      is_aside(*t.what.request))
    return std::nullopt;
  return session_tip{t.tenant, t.what.scope, t.what.digests.before};
}

/// Looks for the session in memory, then in the store. Equal requests that arrive meanwhile wait.
placement_step placement::search(pending_turn t, earlier_answer answer) {
  session_wanted wanted;
  wanted.tenant = t.tenant;
  wanted.identity = t.what.identity;
  wanted.answer = answer;
  wanted.tip = tip_of(t);
  if (const auto live = wanted.tip ? live_.with_tip(*wanted.tip) : std::nullopt) {
    if (answer != earlier_answer::wanted)
      return join(std::move(t), *live, session_match::transcript);
    wanted.tip.reset(); // A stored answer has precedence.
  }
  if (answer == earlier_answer::ignored && !wanted.tip)
    return go_on(std::move(t));
  waiting_.try_emplace({t.tenant, t.what.identity});
  return takes_session{std::move(t), std::move(wanted)};
}

/// Places a turn that no stored answer and no conversation was found for.
placement_step placement::go_on(pending_turn t) {
  return t.what.follows ? follow(std::move(t)) : begin(std::move(t));
}

placement_step placement::follow(pending_turn t) {
  const auto& response = *t.what.follows;
  session_key session{t.tenant, response.session};
  if (!live_.has(session)) {
    const request_key own{t.tenant, t.what.identity};
    const auto [taking, is_first] = followed_.try_emplace(session, own);
    if (!is_first)
      return wait_for(taking->second, std::move(t));
    waiting_.try_emplace(own);
    session_wanted wanted;
    wanted.tenant = t.tenant;
    wanted.id = session.id;
    return takes_session{std::move(t), std::move(wanted)};
  }
  if (!live_.rests_after(session, response.response))
    return begin(std::move(t));
  return join(std::move(t), std::move(session), session_match::predecessor);
}

/// Continues after the store has returned the session that answered the response.
placement_step placement::followed(pending_turn t, session_taken taken) {
  session_key session{t.tenant, t.what.follows->session};
  // If it came into memory meanwhile, its actor has taken it over.
  if (live_.has(session))
    return follow(std::move(t));
  if (taken.record && taken.record->info.newest_response == t.what.follows->response)
    return join(std::move(t), std::move(session), session_match::predecessor, std::move(taken));
  auto token = std::move(taken.token);
  auto step = begin(std::move(t));
  std::get<begins_session>(step).unused = std::move(token);
  return step;
}

placement_step placement::begin(pending_turn t) {
  t.what.match = has_history(*t.what.request) ? session_match::seeded : session_match::fresh;
  return begins_session{std::move(t), std::nullopt, std::nullopt};
}

placement_step placement::named(asks_name asked, const session_finding& found) {
  auto& t = asked.turn;
  const auto& header = t.what.request->session_header;
  // The session may have been created meanwhile.
  if (found.found || live_.has({t.tenant, header}))
    t.what.name = header;
  else
    explain_scopes();
  return name_or_search(std::move(t));
}

placement_step placement::taken(takes_session asked, session_taken taken) {
  auto& t = asked.turn;
  if (!asked.wanted.id.empty())
    return followed(std::move(t), std::move(taken));
  const auto by_answer = taken.by == found_by::answer;
  // If the session came into memory meanwhile, it has continued or is about to, and its actor takes
  // it over.
  if (taken.by != found_by::nothing && !live_.has(taken.key)) {
    const auto match = by_answer ? session_match::repeated : session_match::transcript;
    const auto key = taken.key;
    return join(std::move(t), key, match, std::move(taken));
  }
  // The store was asked for an earlier answer only; now it is asked for the conversation.
  if (by_answer || (asked.wanted.answer == earlier_answer::wanted && !asked.wanted.tip))
    return search(std::move(t), earlier_answer::ignored);
  return go_on(std::move(t));
}

std::vector<pending_turn> placement::take_waiting_for(const std::string& tenant,
                                                      const std::string& identity) {
  const request_key first{tenant, identity};
  std::erase_if(followed_, [&](const auto& entry) { return entry.second == first; });
  auto equal = waiting_.extract(first);
  return equal.empty() ? std::vector<pending_turn>{} : std::move(equal.mapped());
}

std::vector<pending_turn> placement::take_all_waiting() {
  std::vector<pending_turn> result;
  followed_.clear();
  for (auto& [request, turns] : std::exchange(waiting_, {}))
    result.insert(result.end(), std::make_move_iterator(turns.begin()),
                  std::make_move_iterator(turns.end()));
  return result;
}

/// Logs once how to get the header's meaning of 1.0.0 back.
void placement::explain_scopes() {
  if (!std::exchange(explained_scopes_, true))
    spdlog::info("an X-Session-Id that names no session groups requests without joining them; with "
                 "--session-header name it names a session, as in 1.0.0");
}

} // namespace nekod
