#pragma once

#include "actors/registry/model_choice.hpp"
#include "actors/registry/readiness.hpp"
#include "actors/resumption/answer_name.hpp"
#include "actors/runtime/limit_charge.hpp"
#include "actors/session/conversation/conversation_edit.hpp"
#include "actors/session/session_record.hpp"
#include "actors/store/response_lookup.hpp"
#include "actors/store/session_claim.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/turn.hpp"
#include "actors/upstream/accounts/shared_rest.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/sessions/session_list.hpp"
#include "protocol/sessions/sessions.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>

/// All messages and all typed interfaces by which actors reach each other: the map of the actors.
/// The values that travel are in the headers above, beside their subject. An actor that sends
/// messages to itself has an interface of its own for them, in a header beside the actor:
/// `private_session_actor`, `private_registry_actor`, `private_prober_actor`, `private_reply_actor`
/// (`http/server/api/answer/reply.hpp`), `private_kept_answer_actor`, `memory_store_actor`,
/// `sqlite_store_actor` and `postgres_store_actor`. A turn:
///
///     routes --open--> registry --turn--> session --begin, finish|failed--> reply
///                                         session <--leave-- reply
///
/// The pieces of its answer pass by plain calls:
///
///     transfer --> session's link to the upstream --> answer log --> reply --> exchange

// -- type IDs ------------------------------------------------------------------------------------

CAF_BEGIN_TYPE_ID_BLOCK(nekod_values, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(nekod_values, (nekod::answer_name))
CAF_ADD_TYPE_ID(nekod_values, (nekod::chat::answer_end))
CAF_ADD_TYPE_ID(nekod_values, (nekod::chain_query))
CAF_ADD_TYPE_ID(nekod_values, (nekod::client_left))
CAF_ADD_TYPE_ID(nekod_values, (nekod::conversation_edit))
CAF_ADD_TYPE_ID(nekod_values, (nekod::conversation_finding))
CAF_ADD_TYPE_ID(nekod_values, (nekod::conversation_query))
CAF_ADD_TYPE_ID(nekod_values, (nekod::edit_outcome))
CAF_ADD_TYPE_ID(nekod_values, (nekod::chat::failure))
CAF_ADD_TYPE_ID(nekod_values, (nekod::item_finding))
CAF_ADD_TYPE_ID(nekod_values, (nekod::item_query))
CAF_ADD_TYPE_ID(nekod_values, (nekod::limit_charge))
CAF_ADD_TYPE_ID(nekod_values, (nekod::limit_verdict))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_aliases))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_choice))
CAF_ADD_TYPE_ID(nekod_values, (nekod::model_list))
CAF_ADD_TYPE_ID(nekod_values, (nekod::models_answer))
CAF_ADD_TYPE_ID(nekod_values, (nekod::open_turn))
CAF_ADD_TYPE_ID(nekod_values, (nekod::readiness))
CAF_ADD_TYPE_ID(nekod_values, (nekod::response_chain))
CAF_ADD_TYPE_ID(nekod_values, (nekod::response_finding))
CAF_ADD_TYPE_ID(nekod_values, (nekod::response_key))
CAF_ADD_TYPE_ID(nekod_values, (nekod::response_record))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_commit))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_filter))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_finding))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_key))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_page))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_query))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_record))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_report))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_taken))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_tip))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_token))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_view))
CAF_ADD_TYPE_ID(nekod_values, (nekod::session_wanted))
CAF_ADD_TYPE_ID(nekod_values, (nekod::shared_rest))
CAF_ADD_TYPE_ID(nekod_values, (nekod::transfer_event))
CAF_ADD_TYPE_ID(nekod_values, (nekod::turn))
CAF_ADD_TYPE_ID(nekod_values, (nekod::turn_head))
CAF_ADD_TYPE_ID(nekod_values, (std::chrono::steady_clock::time_point))
CAF_END_TYPE_ID_BLOCK(nekod_values)

// No actor of nekod lives outside its process, so no message is ever serialised. What cannot be
// printed cannot bring message text into a log.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::answer_name)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::chat::answer_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::chain_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::client_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::conversation_edit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::conversation_finding)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::conversation_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::edit_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::chat::failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::item_finding)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::item_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::limit_charge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::limit_verdict)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_aliases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_choice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::model_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::models_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::open_turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::readiness)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::response_chain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::response_finding)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::response_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::response_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_commit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_filter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_finding)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_key)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_record)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_tip)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_token)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::session_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::shared_rest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::transfer_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(nekod::turn_head)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::chrono::steady_clock::time_point)

CAF_BEGIN_TYPE_ID_BLOCK(nekod_atoms, caf::id_block::nekod_values::end)
CAF_ADD_ATOM(nekod_atoms, nekod::atom, abandon, "abandon")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, begin, "begin")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, cancel, "cancel")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, changed, "changed")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, check, "check")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, clear, "clear")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, close, "close")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, commit, "commit")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, discard, "discard")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, edit, "edit")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, failed, "failed")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, finish, "finish")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, flush, "flush")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, forget, "forget")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, gone, "gone")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, idle, "idle")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, keep, "keep")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, late, "late")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, leave, "leave")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, list, "list")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, look, "look")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, models, "models")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, open, "open")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, opened, "opened")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, pass, "pass")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, probe, "probe")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, read, "read")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, ready, "ready")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, refresh, "refresh")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, release, "release")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, remove, "remove")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, renew, "renew")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, retire, "retire")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, show, "show")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, silent, "silent")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, sweep, "sweep")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, take, "take")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, timer, "timer")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, turn, "turn")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, wake, "wake")
CAF_ADD_ATOM(nekod_atoms, nekod::atom, written, "written")
CAF_END_TYPE_ID_BLOCK(nekod_atoms)

// -- interfaces ----------------------------------------------------------------------------------

namespace nekod {

/// The STORE keeps session records, for one run of nekod or for several. It may answer any request
/// with an error: then it failed and did nothing.
using store_actor = caf::typed_actor<
    // Takes a session: the token holds it until it releases it. Sessions are looked for by request
    // or conversation among those that no other token holds; the most recently used one is taken.
    caf::replies_to<atom::take, session_wanted>::with<session_taken>,
    // Commits a turn of a session that the token holds; answered once it is stored. A commit of the
    // first version needs no `take`: the token holds the session from then on. A refused commit is
    // an error.
    caf::replies_to<atom::commit, session_commit>::with<atom::commit>,
    // The token gives up all that it holds. Also sent after a `take` that was not answered in time,
    // since the store may still process it.
    caf::reacts_to<atom::release, session_token>,
    // Looks up a session of that id in that view.
    caf::replies_to<atom::show, std::string, session_view>::with<session_finding>,
    // Lists a page of sessions.
    caf::replies_to<atom::list, session_query>::with<session_page>,
    // Deletes a session, held or not; answers whether there was one. Later commits to it are
    // refused.
    caf::replies_to<atom::remove, session_key>::with<bool>,
    // Deletes many, in steps between which other requests are answered; answers how many. The
    // responses of deleted sessions are deleted, too.
    caf::replies_to<atom::clear, session_filter>::with<std::uint64_t>,
    // Stores a response whose turn has not ended, or failed; replaces one with its id.
    caf::replies_to<atom::commit, response_record>::with<atom::commit>,
    // Looks up a response; a response with all before it; items by their ids; a conversation.
    caf::replies_to<atom::show, response_key>::with<response_finding>,
    caf::replies_to<atom::show, chain_query>::with<response_chain>,
    caf::replies_to<atom::show, item_query>::with<item_finding>,
    caf::replies_to<atom::show, conversation_query>::with<conversation_finding>,
    // Closes the session's responses: they can be read but not followed, and stay when the session
    // is deleted.
    caf::replies_to<atom::close, session_key>::with<atom::close>,
    // Deletes a response; answers whether there was one.
    caf::replies_to<atom::remove, response_key>::with<bool>>;

/// The ANSWER PLACES are a part of a store that several nodes share: which node keeps which answer.
using answer_places_actor = caf::typed_actor<
    // This node keeps the answer from now on.
    caf::reacts_to<atom::keep, answer_name>,
    // This node does not keep the answer any more.
    caf::reacts_to<atom::forget, answer_name>,
    // The address of another node that lives and keeps the answer; empty if none does.
    caf::replies_to<atom::show, answer_name>::with<std::string>>;

/// The RESTS are a part of a store that several nodes share: which accounts at upstreams rest.
using rests_actor = caf::typed_actor<
    // An account here began to rest, or works again.
    caf::reacts_to<shared_rest>>;

/// The LIMITS are a part of a store that several nodes share: what callers have used of their rate
/// limits on all of them.
using limits_actor = caf::typed_actor<
    // Charges a request that this node would let pass. An error means that the total is unknown.
    caf::replies_to<limit_charge>::with<limit_verdict>>;

/// The owner of a running TURN, as its replies see it.
using turn_actor = caf::typed_actor<
    // The reply's client left; the reply ends.
    caf::reacts_to<atom::leave, client_left>>;

/// A PROBER checks, every few seconds, whether upstreams with an open circuit breaker answer again.
using prober_actor = caf::typed_actor<
    // The circuit breaker of the upstream with that index opened.
    caf::reacts_to<atom::opened, std::uint64_t>>;

/// A REPLY owns one HTTP response.
using reply_actor = caf::typed_actor<
    // The turn has a session, and is its running turn from now on.
    caf::reacts_to<atom::begin, turn_head, turn_actor>,
    // The answer is complete and its session committed; the message has how the answer ended.
    caf::reacts_to<atom::finish, chat::answer_end>,
    // There will be no answer, or no more of it.
    caf::reacts_to<atom::failed, chat::failure>>;

/// A KEPT ANSWER is an answer whose clients may leave and come back. For its turn's session it is
/// the reply; for replies it is the owner of the turn.
using kept_answer_actor = reply_actor::extend<
    // Asks for the turn. Answered once the response is stored, if it is in the background; an error
    // if it is not.
    caf::replies_to<atom::turn>::with<atom::turn>,
    // The reply is to read the answer, from its beginning.
    caf::replies_to<atom::read, reply_actor>::with<atom::read>,
    // The reply's client left; the reply ends.
    caf::reacts_to<atom::leave, client_left>,
    // The response object as it is now.
    caf::replies_to<atom::show>::with<std::string>,
    // Cancels a turn that has not ended; answers with the response object.
    caf::replies_to<atom::cancel>::with<std::string>,
    // Forgets an answer that has ended.
    caf::reacts_to<atom::forget>,
    // Cancels the turn without storing anything, and forgets the answer.
    caf::reacts_to<atom::discard>>;

/// A SESSION owns one conversation and its upstream chat.
using session_actor = turn_actor::extend<
    // Accepts a turn whose answer goes to the reply: runs it at once or after the earlier turns, or
    // refuses it. A turn is given up when its reply actor ends.
    caf::reacts_to<atom::turn, turn, reply_actor>,
    // Changes the conversation between two turns; refused while one runs or waits.
    caf::replies_to<atom::edit, conversation_edit>::with<edit_outcome>,
    // The conversation is deleted: the running turn and the waiting ones fail, and the actor ends.
    // It writes nothing more; the sender of this message takes care of its record.
    caf::replies_to<atom::discard>::with<atom::discard>,
    // The registry agrees that the actor ends; its record stays in the store.
    caf::reacts_to<atom::retire>>;

/// The REGISTRY knows which session takes a turn, and which upstream has a model.
using registry_actor = caf::typed_actor<
    // Finds a model and a session for a turn and gives it to the session. If there are none, the
    // reply fails.
    caf::reacts_to<atom::open, open_turn, reply_actor>,
    // The models in the last lists; with `refresh` the upstreams are asked first.
    caf::replies_to<atom::models>::with<model_list>,
    caf::replies_to<atom::models, atom::refresh>::with<model_list>,
    // Finds the upstream for a request that passes through, by the name of its model, which may be
    // empty. The answer has no upstream if none accepts such requests, or if too many requests wait
    // for lists of models.
    caf::replies_to<atom::pass, std::string>::with<model_choice>,
    // Replaces the aliases.
    caf::reacts_to<model_aliases>,
    // Whether turns can be answered. Cheap enough for a watchdog.
    caf::replies_to<atom::ready>::with<readiness>,
    // Lists a page of sessions.
    caf::replies_to<atom::list, session_query>::with<session_page>,
    // One session in that view.
    caf::replies_to<atom::show, std::string, session_view>::with<session_finding>,
    // The session in memory that has that conversation, which may have no record yet.
    caf::replies_to<atom::show, conversation_query>::with<session_finding>,
    // Deletes a session and its running turn. Answered once it is gone for good: whether there was
    // one in that view.
    caf::replies_to<atom::remove, std::string, session_view>::with<bool>,
    // Deletes many in the same way; answers how many.
    caf::replies_to<atom::clear, session_filter>::with<std::uint64_t>,
    // Changes the conversation of a session that there is.
    caf::replies_to<atom::edit, session_key, conversation_edit>::with<edit_outcome>,
    // From a session: its current state.
    caf::reacts_to<atom::changed, session_report>,
    // From an idle session: asks whether it may end. A `retire` in return means yes.
    caf::reacts_to<atom::retire, session_report>,
    // From the store: another node deleted the session that the token holds.
    caf::reacts_to<atom::gone, session_token>>;

} // namespace nekod

CAF_BEGIN_TYPE_ID_BLOCK(nekod_actors, caf::id_block::nekod_atoms::end)
CAF_ADD_TYPE_ID(nekod_actors, (nekod::turn_actor))
CAF_ADD_TYPE_ID(nekod_actors, (nekod::reply_actor))
CAF_END_TYPE_ID_BLOCK(nekod_actors)

namespace nekod {

/// Adds all of the above to the configuration of an actor system that is about to be created.
void add_message_types(caf::actor_system_config& config);

} // namespace nekod
