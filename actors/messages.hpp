#pragma once

#include "actors/session/conversation_digest.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/models.hpp"
#include "protocol/sessions/session_list.hpp"
#include "protocol/sessions/sessions.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Every message and every typed actor interface: the map of the house. A turn's way is
///
///     routes --open--> registry --turn--> session --begin, delta, finish|failed--> reply
///                                         session <--credit, leave-- reply
namespace nekod {

// -- values --------------------------------------------------------------------------------------

/// Which rule found the session of a turn; `X-Session-Match` on the wire.
enum class session_match : std::uint8_t {
  /// The client named it.
  explicit_id,
  /// The conversation so far is the one that the request tells.
  transcript,
  /// It has that very request already. Never on the wire: its answer tells what the first one did.
  repeated,
  /// A new one, with nothing to tell it but the user's text.
  fresh,
  /// A new one that is told a system prompt or a history first.
  seeded,
};

/// The match's word on the wire.
std::string_view name_of(session_match m) noexcept;

/// A turn that a client asks for.
struct open_turn {
  open_turn() = default;

  std::shared_ptr<const openai::chat_request> request;
  /// Whose it is; sessions of different tenants never meet.
  std::string tenant;
  /// Counts so many further turns against the caller's limits, where the request wants several
  /// answers that each cost a turn. Returns the refusal where they are too many. May be empty; may
  /// be called on any thread.
  std::function<std::optional<openai::error>(std::uint32_t)> count_further;
};

/// The model that a turn was given.
struct model_choice {
  model_choice() = default;

  /// The upstream that has it; null where there is no model at all.
  std::shared_ptr<upstream_service> upstream;
  /// As the upstream calls it.
  std::string upstream_name;
  /// As the client is told.
  std::string id;
  /// Whether the client asked for another, which nobody knows.
  bool fallback = false;
};

/// A turn with all that the registry decided.
struct turn {
  turn() = default;

  std::shared_ptr<const openai::chat_request> request;
  model_choice model;
  session_match match = session_match::fresh;
  request_digests told;
  /// The session that the client named; empty where it named none.
  std::string name;
  /// The digest of the scope that it sent the request in; empty for none.
  std::string scope;
  /// What is the same in a request that is sent again.
  std::string identity;
  /// What the model's upstream can do.
  upstream_abilities abilities;
  /// The upstream that answers, where that is another than the model's; else empty.
  std::string answered_by;
};

/// What a reply learns when its turn begins.
struct turn_head {
  turn_head() = default;

  std::string session_id;
  turn what;
  /// Whether the answer is an earlier request's, too, which this one repeats.
  bool replayed = false;
};

/// How a client left before its answer's end.
struct client_left {
  client_left() = default;

  std::chrono::steady_clock::time_point when;
  /// Whether it is about to send its request again.
  bool returns = false;
};

/// A turn that was answered, as whoever sends its request again is told it.
struct answered_turn {
  answered_turn() = default;

  std::string identity;
  /// Whether its session's record tells it, too: the request has a key; or its client counts, and
  /// names the session or tells the conversation so far.
  bool lasting = false;
  session_match match = session_match::fresh;
  deltas told;
  openai::answer_end end;
  /// The upstream and the model that answered, where they are others than the request's. Not in the
  /// record.
  std::string answered_by;
  std::string model;
};

/// A session as it is stored: enough to go on in its upstream chat.
struct session_record {
  session_record() = default;

  openai::session_info info;
  upstream_chat chat;
  /// The digest of the scope that it began in; empty for none.
  std::string scope;
  /// The digest of the conversation so far, by which a client that names no session is recognised;
  /// empty where it is not to be.
  std::string tip;
  /// The digest of the prompt that the upstream's chat was told; nothing where it is not known, or
  /// the upstream keeps no chats.
  std::optional<std::string> prompt;
  /// The conversation so far. For an upstream that keeps its chats: texts alone, and the oldest
  /// left out where it grew too long.
  std::vector<openai::message> transcript;
  /// The last answer, if that is lasting.
  std::optional<answered_turn> answer;
};

/// How a session stands, for the registry.
struct session_report {
  session_report() = default;

  openai::session_info info;
  std::string scope;
  /// As in its record, while no turn runs or waits; else empty.
  std::string tip;
  /// Of the turn that runs, or was answered last; empty where a repeated request is none of its.
  std::string identity;
  /// Turns it was given so far.
  std::uint64_t turns = 0;
  /// Whether none of them runs or waits.
  bool resting = false;
};

/// A conversation that is looked for: within its tenant and scope.
struct session_tip {
  session_tip() = default;
  session_tip(std::string t, std::string s, std::string d)
      : tenant(std::move(t)), scope(std::move(s)), digest(std::move(d)) {}

  bool operator==(const session_tip&) const = default;
  bool operator<(const session_tip& other) const {
    return std::tie(tenant, scope, digest) < std::tie(other.tenant, other.scope, other.digest);
  }

  std::string tenant;
  std::string scope;
  std::string digest;
};

/// What the store answers to a question for one session.
struct session_lookup {
  session_lookup() = default;

  bool found = false;
  session_record record;
};

/// The answer to a question for one session that shows it.
struct session_finding {
  session_finding() = default;

  bool found = false;
  openai::session_info info;
};

/// Names that clients may use for a model: the name, and an upstream name or public id.
struct model_aliases {
  model_aliases() = default;

  std::vector<std::pair<std::string, std::string>> entries;
};

/// Whether turns can be answered.
struct readiness {
  readiness() = default;

  /// Stable words; none where all is well.
  std::vector<std::string> reasons;
  std::vector<openai::upstream_standing> upstreams;
};

/// The models there are.
struct model_list {
  model_list() = default;

  std::vector<openai::model_info> models;
  /// The names as the upstreams told them that do not speak as our clients do.
  std::vector<std::string> upstream_names;
};

/// What a query for an upstream's models brought; one of both.
struct models_answer {
  models_answer() = default;

  /// Its place among the upstreams.
  std::size_t upstream = 0;
  bool ok = false;
  std::vector<openai::listed_model> models;
  openai::error error;
};

} // namespace nekod

// -- type IDs ------------------------------------------------------------------------------------

CAF_BEGIN_TYPE_ID_BLOCK(nekod_values, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(nekod_values, (nekod::client_left))
CAF_ADD_TYPE_ID(nekod_values, (nekod::deltas))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_aliases))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_choice))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_list))
CAF_ADD_TYPE_ID(nekod_values, (nekod::models_answer))
CAF_ADD_TYPE_ID(nekod_values, (nekod::open_turn))
CAF_ADD_TYPE_ID(nekod_values, (nekod::openai::answer_end))
CAF_ADD_TYPE_ID(nekod_values, (nekod::openai::error))
CAF_ADD_TYPE_ID(nekod_values, (nekod::openai::session_page))
CAF_ADD_TYPE_ID(nekod_values, (nekod::readiness))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_filter))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_key))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_tip))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_finding))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_lookup))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_query))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_record))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_report))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_view))
CAF_ADD_TYPE_ID(nekod_values, (nekod::transfer_event))
CAF_ADD_TYPE_ID(nekod_values, (nekod::turn))
CAF_ADD_TYPE_ID(nekod_values, (nekod::turn_head))
CAF_ADD_TYPE_ID(nekod_values, (std::chrono::steady_clock::time_point))
CAF_END_TYPE_ID_BLOCK(nekod_values)

// No actor of nekod lives outside its process, so no message is ever serialised; and what cannot be
// printed cannot bring message text into a log.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::client_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::deltas)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_aliases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_choice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::models_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::open_turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::openai::answer_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::openai::error)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::openai::session_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::readiness)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_filter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_tip)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_finding)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_lookup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::transfer_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::turn_head)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::chrono::steady_clock::time_point)

CAF_BEGIN_TYPE_ID_BLOCK(nekod_atoms, caf::id_block::nekod_values::end)
CAF_ADD_ATOM(nekod_atoms, nekod::atom, abandon, "abandon")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, answered, "answered")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, begin, "begin")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, changed, "changed")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, clear, "clear")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, commit, "commit")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, credit, "credit")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, delta, "delta")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, discard, "discard")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, failed, "failed")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, find, "find")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, finish, "finish")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, flush, "flush")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, forget, "forget")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, gone, "gone")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, idle, "idle")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, leave, "leave")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, list, "list")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, load, "load")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, models, "models")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, open, "open")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, pass, "pass")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, ready, "ready")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, refresh, "refresh")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, remove, "remove")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, retire, "retire")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, show, "show")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, sweep, "sweep")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, turn, "turn")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, wake, "wake")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, written, "written")
CAF_END_TYPE_ID_BLOCK(nekod_atoms)

// -- interfaces ----------------------------------------------------------------------------------

namespace nekod {

/// The STORE keeps session records.
using store_actor = caf::typed_actor<
    // Keeps a record, in place of an older one of that session. Answered when it is kept.
    caf::replies_to<atom::commit, session_record>::with<atom::commit>,
    // Looks up the record of a tenant's session.
    caf::replies_to<atom::load, session_key>::with<session_lookup>,
    // Looks up a session of that id in that view.
    caf::replies_to<atom::show, std::string, session_view>::with<session_finding>,
    // Looks up the session that was used last among those with that tip.
    caf::replies_to<atom::find, session_tip>::with<session_lookup>,
    // Looks up the session of a tenant that answered the request of that identity.
    caf::replies_to<atom::answered, std::string, std::string>::with<session_lookup>,
    // Forgets the answer of a tenant's request of that identity, which was meant anew.
    caf::reacts_to<atom::forget, std::string, std::string>,
    // Forgets a session; says whether there was one.
    caf::replies_to<atom::remove, session_key>::with<bool>,
    // Forgets many, in steps between which others have their turn; says how many.
    caf::replies_to<atom::clear, session_filter>::with<std::uint64_t>,
    // The next step of it; a message to itself.
    caf::reacts_to<atom::clear>,
    // A page of the sessions.
    caf::replies_to<atom::list, session_query>::with<openai::session_page>,
    // Forgets what is past its time, in steps as well; a message to itself.
    caf::reacts_to<atom::sweep>>;

/// A STORE that writes what came together in one go.
using batching_store_actor = store_actor::extend<
    // What came until now may be written; a message to itself.
    caf::reacts_to<atom::flush>,
    // Looks whether the store works; a message to itself.
    caf::reacts_to<atom::wake>>;

/// Who sends text on CREDIT: the reader says how much of it has left, so that more may come, or
/// that nobody reads any more.
using credit_actor = caf::typed_actor<
    // Text that cost that many bytes of the upstream's window was sent on.
    caf::reacts_to<atom::credit, std::uint64_t>,
    // The reader's client left; the reader ends.
    caf::reacts_to<atom::leave, client_left>>;

/// A PROBER asks upstreams whose circuit breaker is open each few seconds whether they answer
/// again.
using prober_actor = caf::typed_actor<
    // The circuit breaker of the upstream at that place opened.
    caf::reacts_to<atom::open, std::uint64_t>,
    // The next probe of it may be due; a message to itself.
    caf::reacts_to<atom::wake, std::uint64_t>>;

/// A REPLY owns one HTTP response.
using reply_actor = caf::typed_actor<
    // The turn has a session, and is its running turn from now on.
    caf::reacts_to<atom::begin, turn_head, credit_actor>,
    // Another upstream than the turn's own answers it: its name, and the model as clients call it.
    caf::reacts_to<atom::changed, std::string, std::string>,
    // Pieces of the answer, which used that many bytes of the upstream's window.
    caf::reacts_to<atom::delta, deltas, std::uint64_t>,
    // The answer is whole and its session committed: how it ends.
    caf::reacts_to<atom::finish, openai::answer_end>,
    // There will be no answer, or no more of it.
    caf::reacts_to<atom::failed, openai::error>,
    // From the socket: a write left, and there is more to write, or credit to give.
    caf::reacts_to<atom::written>,
    // From the socket: the client left, then.
    caf::reacts_to<atom::gone, std::chrono::steady_clock::time_point>,
    // From the socket: nothing was written for a while.
    caf::reacts_to<atom::idle>>;

/// A SESSION owns one conversation and its upstream chat. It takes CREDIT from the running turn's
/// reply.
using session_actor = credit_actor::extend<
    // Takes a turn whose answer goes to the reply: at once, when the earlier ones ended, or
    // refused. A turn is given up when its reply actor ends.
    caf::reacts_to<atom::turn, turn, reply_actor>,
    // Something happened to a transfer of the line with that number.
    caf::reacts_to<transfer_event, std::uint64_t>,
    // A time is over that the line with the second number asked for by the first one.
    caf::reacts_to<atom::wake, std::uint64_t, std::uint64_t>,
    // The conversation is deleted: the running turn and those that wait fail, the actor ends. It
    // writes nothing more; its record is left to who asked.
    caf::replies_to<atom::discard>::with<atom::discard>,
    // A time without turns may be over; a message to itself.
    caf::reacts_to<atom::idle>,
    // The client that left by that number did not come back; a message to itself.
    caf::reacts_to<atom::abandon, std::uint64_t>,
    // The registry agrees that the actor ends; its record stays in the store.
    caf::reacts_to<atom::retire>>;

/// The REGISTRY maps session ids and model names to what serves them.
using registry_actor = caf::typed_actor<
    // Finds a session and a model for a turn and hands it over; the reply hears of failure.
    caf::reacts_to<atom::open, open_turn, reply_actor>,
    // The models, as far as they are known; with `refresh` the upstream is asked first.
    caf::replies_to<atom::models>::with<model_list>,
    caf::replies_to<atom::models, atom::refresh>::with<model_list>,
    // Other aliases, from now on.
    caf::reacts_to<model_aliases>,
    // Turns wait for a list of models that could not be had; a message to itself.
    caf::reacts_to<atom::refresh>,
    // The upstream for a request that passes as it is, by its model's name, which may be empty;
    // none is in it where no upstream takes such requests, or there is no room to wait for the
    // models.
    caf::replies_to<atom::pass, std::string>::with<model_choice>,
    // Whether turns can be answered. A question that a watchdog may ask.
    caf::replies_to<atom::ready>::with<readiness>,
    // A page of the sessions.
    caf::replies_to<atom::list, session_query>::with<openai::session_page>,
    // One session in that view.
    caf::replies_to<atom::show, std::string, session_view>::with<session_finding>,
    // Deletes a session, its running turn included; says, once it is gone for good, whether there
    // was one in that view.
    caf::replies_to<atom::remove, std::string, session_view>::with<bool>,
    // Deletes many in the same way; says how many.
    caf::replies_to<atom::clear, session_filter>::with<std::uint64_t>,
    // From a session: how it stands.
    caf::reacts_to<atom::changed, session_report>,
    // From a session that has been idle: may it end?
    caf::reacts_to<atom::retire, session_report>,
    // From an upstream: its models.
    caf::reacts_to<models_answer>>;

} // namespace nekod

CAF_BEGIN_TYPE_ID_BLOCK(nekod_actors, caf::id_block::nekod_atoms::end)
CAF_ADD_TYPE_ID(nekod_actors, (nekod::credit_actor))
CAF_ADD_TYPE_ID(nekod_actors, (nekod::reply_actor))
CAF_END_TYPE_ID_BLOCK(nekod_actors)

namespace nekod {

/// Announces all of the above to an actor system that is about to be made.
void add_message_types(caf::actor_system_config& config);

} // namespace nekod
