#include "actors/session/session.hpp"

#include "actors/retelling.hpp"
#include "actors/runtime/unix_time.hpp"
#include "protocol/openai/conversations/items.hpp"

#include <algorithm>

namespace nekod {

using chat::failure_code;

session_state::session_state(private_session_actor::stateful_pointer<session_state> self)
    : self_(self) {}

namespace {

kept_conversation::found found_how(const turn& t) {
  using found = kept_conversation::found;
  if (t.conversation.is_named() || t.left_out)
    return found::by_id;
  if (t.match == session_match::predecessor)
    return found::by_response;
  return t.match == session_match::explicit_id ? found::by_name : found::by_conversation;
}

/// The kind of conversation that the turn's upstream needs.
kept_conversation::kind kind_for(const turn& t) {
  const auto stateless = t.model.upstream->abilities().stateless;
  return stateless ? kept_conversation::kind::whole : kept_conversation::kind::chat;
}

/// Whether *kept* is the conversation that the turn's request has left out, in all its words.
/// @param is_chain Whether it is, to the word, what the chain of the newest response tells.
bool has_left_out(const turn& t, const kept_conversation& kept, const session_info& info,
                  bool is_chain) {
  const auto& prompt = t.left_out->instructions;
  if (prompt && *prompt != openai::conversations::instructions_of(kept.transcript()))
    return false;
  return !t.follows ||
         (is_chain && info.newest_response == t.follows->response && kept.tip().is_known());
}

/// Completes what a conversation tells the upstream for *t*.
upstream_turn addressed(upstream_turn told, const turn& t) {
  told.model = t.model.upstream_name;
  told.request = t.request;
  return told;
}

/// Tells the running turn again with fewer of the turns before it, if that is allowed.
/// @returns whether it does.
bool tell_shorter(running_turn& running, const kept_conversation& kept, upstream_link& link) {
  if (!running.what.may_truncate || running.answer->size() > 0)
    return false;
  auto shorter = kept.told_shorter(++running.times_told_shorter);
  if (!shorter)
    return false;
  upstream_turn told;
  told.messages = *std::move(shorter);
  link.tell_again(addressed(std::move(told), running.what));
  return true;
}

/// Asks the registry for a turn again, since this session does not have what its request left out.
void ask_elsewhere(const running_turn& left, const session_options& options) {
  left.readers.for_each([&](const reply_actor& reply) {
    ask_with_history(left.what, options.tenant, reply, options.registry);
  });
}

} // namespace

// -- life ----------------------------------------------------------------------------------------

void session_state::start(session_options o) {
  options_ = std::move(o);
  if (options_.max_age.count() > 0)
    options_.idle_time = std::min(options_.idle_time, options_.max_age);
  standing_.emplace(options_);
  replies_.emplace(self_, options_.counts);
  conversation_.emplace(options_.digest, options_.limits);
  link_.emplace(self_, *this, *conversation_, options_.home, options_.budget, options_.hold);
  // A client's next turn may come as soon as it has the end of an answer.
  turns_.emplace(options_, *standing_, *replies_, last_, [this] { tell_registry(); });
  const recorded_parts parts{*standing_, *conversation_, *link_, last_};
  stored_.emplace(self_, options_, parts);
  edits_.emplace(self_, parts, *stored_, [this] { leave_if_shared(); });
  if (options_.shared)
    last_.record_all();
  self_->set_down_handler([this](caf::down_msg& m) { reply_ended(m.source); });
  // An error that answers no request must not end a conversation.
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& m) {
    // Records that the upstream may have the turn's message, before the actor ends.
    if (standing_->phase() == phase::answering)
      cancel({});
    turns_->fail_all(failure_code::overloaded);
    self_->quit(m.reason);
  });
  self_->delayed_send(self_, options_.idle_time, atom::idle_v);
  if (options_.taken)
    use(std::move(*options_.taken));
  else
    load();
}

caf::result<edit_outcome> session_state::edit(conversation_edit e) {
  standing_->count_turn();
  auto outcome = edits_->take(std::move(e), turns_->any_waits());
  if (standing_->phase() == phase::unknown && edits_->any_waits())
    load();
  else
    tell_registry();
  leave_if_shared();
  return outcome;
}

void session_state::discard() {
  link_->cancel({});
  turns_->fail_all(failure_code::session_deleted);
  edits_->refuse_waiting(failure_code::session_deleted);
  self_->quit();
}

void session_state::check_idle() {
  self_->delayed_send(self_, options_.idle_time, atom::idle_v);
  if (standing_->look_for_idleness())
    offer_to_leave();
}

void session_state::leave_if_shared() {
  if (options_.shared && standing_->rests() && !turns_->any_waits() && !edits_->any_under_way())
    offer_to_leave();
}

void session_state::offer_to_leave() { self_->send(options_.registry, atom::retire_v, report()); }

// -- the record ----------------------------------------------------------------------------------

void session_state::load() {
  standing_->enter(phase::loading);
  stored_->take([this](session_taken& taken) { use(std::move(taken)); },
                [this](const chat::failure& reason) {
                  standing_->enter(phase::unknown);
                  turns_->fail_all(reason);
                  edits_->refuse_waiting(reason);
                  // Leaves memory: a later turn takes the session from the store again.
                  offer_to_leave();
                });
}

void session_state::use(session_taken taken) {
  stored_->use(std::move(taken));
  keeps_chain_as_.reset();
  standing_->enter(phase::idle);
  edits_->make_waiting();
  turns_->sort_waiting(conversation_->current().tip());
  tell_registry();
  begin_next();
  leave_if_shared();
}

/// Commits the record between two turns; nothing waits for it.
void session_state::save() {
  stored_->commit({}, {}, [this] {
    if (standing_->phase() == phase::idle)
      standing_->enter(phase::unknown);
  });
}

// -- a turn --------------------------------------------------------------------------------------

void session_state::take(turn t, reply_actor reply) {
  standing_->count_turn();
  if (t.request->retries.may_repeat() && turns_->repeat(t, reply))
    return;
  last_.forget(t.identity);
  // Before the record is read it is not known whether it has the answer that the turn came for.
  const auto has_record =
      standing_->phase() != phase::unknown && standing_->phase() != phase::loading;
  if (has_record && !turns_->settle_match(t, conversation_->current().tip())) {
    replies_->fail_counted(turn_readers{std::move(reply)}, turn_outcome::refused,
                           refusal_of_foreign(*t.request));
    return;
  }
  if (!turns_->add(std::move(t), std::move(reply)))
    return;
  if (standing_->phase() == phase::unknown)
    load();
  else
    begin_next();
}

void session_state::begin_next() {
  if (standing_->phase() != phase::idle || !turns_->run_next())
    return;
  if (last_.is_outdated_in_record())
    save();
  standing_->enter(phase::answering);
  auto& running = turns_->running();
  const auto& t = running.what;
  const auto refuse = [&](const chat::failure& reason) {
    replies_->fail_counted(running.readers, turn_outcome::refused, reason);
    end_turn();
  };
  // It may have been deleted after the request had found it.
  if (t.conversation.is_named() && t.conversation.id != standing_->info().conversation)
    return refuse({failure_code::conversation_not_found, "conversation"});
  const auto kind = kind_for(t);
  if (t.left_out) {
    if (!has_left_out(t, conversation_->current(), standing_->info(), keeps_chain_as_ == kind)) {
      // First the registry hears that the session rests.
      const auto left = running;
      end_turn();
      return ask_elsewhere(left, options_);
    }
    options_.counts->session_matched(name_of(t.match));
  }
  conversation_->serve(kind);
  link_->open_for(t);
  auto told = conversation_->current().begin(*t.request, t.digests, found_how(t));
  running.what.left_out = nullptr; // Frees the client's request, which it holds.
  if (!told)
    return refuse(told.error());
  // A text-only service answers once for each answer that is wanted.
  running.weight = link_->obeys() ? t.request->choices : 1;
  standing_->info().model = t.model.id;
  standing_->info().last_used = recorded_now();
  tell_registry();
  link_->begin(addressed(*std::move(told), t), turns_->begin_answer());
}

void session_state::on_answered(upstream_answer answer) {
  const auto& running = turns_->running();
  answer.end.committed_at = unix_time();
  last_.remember(running.what, *running.answer, answer.end);
  if (!answer.said)
    answer.said.emplace(chat::role::assistant, running.text());
  auto earlier_response = std::exchange(standing_->info().newest_response, {});
  auto response = kept_response(answer.end, *answer.said);
  conversation_->current().answered(std::move(*answer.said));
  ++standing_->info().turns;
  commit(std::move(answer.end), std::move(response), std::move(earlier_response));
}

/// The response that the running turn ends with, if one is stored: the session's newest from now
/// on. Gives *said* its items.
std::optional<response_record> session_state::kept_response(const chat::answer_end& end,
                                                            chat::message& said) {
  const auto& running = turns_->running();
  auto& info = standing_->info();
  keeps_chain_as_.reset();
  if (running.what.conversation.is_named())
    info.keep_for(running.what.conversation.kept_for, recorded_now());
  if (!running.what.keeper)
    return std::nullopt;
  const auto [upstream, model] = running.answer->answerer();
  auto response = running.what.keeper->keep({*running.answer, end, info.tenant, info.id,
                                             upstream.empty() ? running.what.model.id : model});
  said.items = items_json(response.output);
  if (!running.what.keeper->stores())
    return std::nullopt;
  info.newest_response = response.id;
  if (running.what.match != session_match::explicit_id)
    keeps_chain_as_ = conversation_->current().serves();
  info.kept_until = std::max(info.kept_until, response.expires_at);
  return response;
}

/// @param earlier_response The newest response if the answered turn cannot be stored.
void session_state::commit(chat::answer_end end, std::optional<response_record> response,
                           std::string earlier_response) {
  standing_->enter(phase::committing);
  stored_->commit(
      std::move(response),
      [this, end = std::move(end)] {
        const auto& running = turns_->running();
        options_.counts->turns[turn_outcome::answered].Increment(running.weight);
        conversation_->current().kept();
        // First the registry: the client's next turn may come as soon as it has the end.
        standing_->enter(phase::settling);
        tell_registry();
        replies_->finish(running.readers, end);
        link_->settle();
      },
      [this, earlier_response = std::move(earlier_response)] {
        const auto& running = turns_->running();
        --standing_->info().turns;
        standing_->info().newest_response = earlier_response;
        last_.begin_from({});
        conversation_->current().not_kept();
        replies_->fail_counted(running.readers, turn_outcome::failed,
                               {failure_code::store_unavailable, {}, "the turn is not kept"},
                               running.weight);
        standing_->enter(phase::settling);
        tell_registry();
        link_->settle();
      });
}

void session_state::on_failed(const upstream_failure& f) {
  if (f.reason.code == failure_code::context_length_exceeded &&
      tell_shorter(turns_->running(), conversation_->current(), *link_))
    return;
  const auto& running = turns_->running();
  const auto changed = conversation_->current().broken_off(running.text(), f.reason.maybe_taken);
  // A chat that was let go must not be found in the record again.
  if (changed && (!link_->chat().id.empty() || standing_->info().turns > 0))
    save();
  replies_->fail_counted(running.readers, turn_outcome::failed, f.reason, running.weight);
  end_turn();
}

void session_state::end_turn() {
  link_->end_turn();
  turns_->end_running();
  standing_->enter(stored_->is_in_doubt() ? phase::unknown : phase::idle);
  standing_->was_used();
  if (standing_->phase() == phase::idle && edits_->any_waits()) {
    edits_->make_waiting();
    turns_->sort_waiting(conversation_->current().tip());
  }
  tell_registry();
  if (!turns_->any_waits() && standing_->is_past_age())
    offer_to_leave();
  if (stored_->is_in_doubt() && (turns_->any_waits() || edits_->any_waits()))
    load();
  begin_next();
  leave_if_shared();
}

// -- clients that leave --------------------------------------------------------------------------

void session_state::reply_ended(const caf::actor_addr& reply, std::optional<client_left> left) {
  if (!turns_->remove_reader(reply))
    return;
  // A turn that is answered goes to its end.
  if (standing_->phase() != phase::answering || link_->is_about_to_report())
    return;
  if (left && left->returns)
    self_->delayed_send(self_, options_.retry_grace, atom::abandon_v, ++absences_);
  else
    give_up(left ? std::optional{left->when} : std::nullopt);
}

void session_state::abandon(std::uint64_t absence) {
  if (absence == absences_ && standing_->phase() == phase::answering &&
      !link_->is_about_to_report() && turns_->running().readers.empty())
    give_up({});
}

/// Gives up the running turn, whose client left *then*, if that is known.
void session_state::give_up(std::optional<std::chrono::steady_clock::time_point> then) {
  options_.counts->turns[turn_outcome::cancelled].Increment(turns_->running().weight);
  cancel(then);
  end_turn();
}

/// Cancels the running turn at the upstream, and writes down what became of it.
void session_state::cancel(std::optional<std::chrono::steady_clock::time_point> then) {
  const auto heard = link_->cancel(then);
  if (conversation_->current().broken_off(turns_->running().text(), heard))
    save();
}

// -- the registry --------------------------------------------------------------------------------

void session_state::tell_registry() { self_->send(options_.registry, atom::changed_v, report()); }

session_report session_state::report() {
  const auto now = standing_->phase();
  standing_->info().has_upstream_chat = !link_->chat().id.empty();
  session_report result;
  result.info = standing_->info();
  result.info.state = name_of(now);
  result.token = options_.token;
  result.scope = options_.scope;
  result.turns = standing_->turns();
  // The client has its answer while that is settled.
  result.resting = (standing_->rests() || now == phase::settling) && !turns_->any_waits();
  const auto recognisable = now != phase::answering && !turns_->any_waits();
  if (!recognisable)
    result.info.newest_response.clear();
  result.tip = recognisable ? conversation_->current().tip() : conversation_tip::unrecognisable();
  result.identity = turns_->identity();
  return result;
}

private_session_actor::behavior_type
session(private_session_actor::stateful_pointer<session_state> self, session_options options) {
  self->state.start(std::move(options));
  return {
      [self](atom::leave, const client_left& left) {
        self->state.reply_ended(caf::actor_cast<caf::actor_addr>(self->current_sender()), left);
      },
      [self](atom::turn, turn& t, reply_actor& reply) {
        self->state.take(std::move(t), std::move(reply));
        self->state.leave_if_shared();
      },
      [self](atom::edit, conversation_edit& e) { return self->state.edit(std::move(e)); },
      [self](atom::discard) {
        self->state.discard();
        return atom::discard_v;
      },
      [self](atom::retire) { self->quit(); },
      [self](transfer_event& e, std::uint64_t number) {
        self->state.link().on_transfer(std::move(e), number);
      },
      [self](atom::wake) { self->state.link().catch_up(); },
      [self](atom::wake, std::uint64_t wake, std::uint64_t number) {
        self->state.link().on_wake(wake, number);
      },
      [self](atom::idle) { self->state.check_idle(); },
      [self](atom::abandon, std::uint64_t absence) { self->state.abandon(absence); },
  };
}

} // namespace nekod
