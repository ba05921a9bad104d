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

session_conversation::found found_how(const turn& t) {
  using found = session_conversation::found;
  if (t.conversation.is_named() || t.left_out)
    return found::by_id;
  if (t.match == session_match::explicit_id)
    return found::by_name;
  return t.request->made_of_items ? found::by_response : found::by_conversation;
}

/// The kind of conversation that the turn's upstream needs.
session_conversation::kind kind_for(const turn& t) {
  const auto stateless = t.model.upstream->abilities().stateless;
  return stateless ? session_conversation::kind::whole : session_conversation::kind::chat;
}

/// Whether *kept* has, word for word, the history that the turn's request left out.
/// @param is_chain Whether it is, to the word, what the chain of the newest response tells.
bool knows_left_out(const turn& t, const session_conversation& kept, const session_info& info,
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
bool tell_shorter(running_turn& running, const session_conversation& kept, upstream_link& link) {
  if (!running.what.may_truncate || running.answer->size() > 0)
    return false;
  auto shorter = kept.told_shorter(++running.times_told_shorter);
  if (!shorter)
    return false;
  upstream_turn told;
  told.messages = *std::move(shorter);
  link.begin_again(addressed(std::move(told), running.what));
  return true;
}

/// Asks the registry for a turn again, since this session does not have what its request left out.
void ask_elsewhere(const running_turn& left, const session_options& options) {
  left.readers.for_each([&](const reply_actor& reply) {
    ask_with_history(left.what, options.tenant, reply, options.registry);
  });
}

/// The response that *running* ends with, if one is stored: the session's newest from now on. Gives
/// *said* its items.
std::optional<response_record> response_of(const running_turn& running, const chat::answer_end& end,
                                           session_info& info, chat::message& said) {
  const auto& what = running.what;
  if (what.conversation.is_named())
    info.keep_for(what.conversation.kept_for, recorded_now());
  if (!what.recorder)
    return std::nullopt;
  const auto [upstream, model] = running.answer->answerer();
  auto response = what.recorder->ended(
      {*running.answer, end, info.tenant, info.id, upstream.empty() ? what.model.id : model});
  said.items = items_json(response.output);
  if (!what.recorder->stores())
    return std::nullopt;
  info.newest_response = response.id;
  info.kept_until = std::max(info.kept_until, response.expires_at);
  return response;
}

/// Asks the registry for turns that have the words of another client's request.
void ask_anew_for(const std::vector<asked_turn>& turns, const session_options& options) {
  for (const auto& t : turns)
    t.readers.for_each([&](const reply_actor& reply) {
      ask_anew(t.what, options.tenant, reply, options.registry);
    });
}

} // namespace

// -- life ----------------------------------------------------------------------------------------

void session_state::start(session_start s) {
  auto taken = std::move(s.taken);
  options_ = std::move(s);
  if (options_.max_age.count() > 0)
    options_.idle_time = std::min(options_.idle_time, options_.max_age);
  status_.emplace(options_);
  replies_.emplace(self_, options_.counts);
  conversation_.emplace(options_.digest, options_.limits);
  link_.emplace(self_, *this, *conversation_, options_.home, options_.budget, options_.hold);
  // A client's next turn may come as soon as it has the end of an answer.
  turns_.emplace(options_, *status_, *replies_, last_, [this] { tell_registry(); });
  const recorded_parts parts{*status_, *conversation_, *link_, last_};
  stored_.emplace(self_, options_, parts);
  edits_.emplace(self_, parts, *stored_, [this] { leave_if_shared(); });
  if (options_.shared)
    last_.set_records_all();
  self_->set_down_handler([this](caf::down_msg& m) { reply_ended(m.source); });
  // An error that answers no request must not end a conversation.
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& m) {
    // Records that the upstream may have the turn's message, before the actor ends.
    if (status_->phase() == phase::answering)
      cancel({});
    turns_->fail_all(failure_code::overloaded);
    self_->quit(m.reason);
  });
  self_->delayed_send(self_, options_.idle_time, atom::idle_v);
  if (taken)
    use(*std::move(taken));
  else
    load();
}

caf::result<edit_outcome> session_state::edit(conversation_edit e) {
  status_->count_turn();
  auto outcome = edits_->take(std::move(e), turns_->any_waits());
  if (status_->phase() == phase::unknown && edits_->any_waits())
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
  if (status_->look_for_idleness())
    offer_to_leave();
}

void session_state::leave_if_shared() {
  if (options_.shared && status_->rests() && !turns_->any_waits() && !edits_->any_under_way())
    offer_to_leave();
}

void session_state::offer_to_leave() { self_->send(options_.registry, atom::retire_v, report()); }

// -- the record ----------------------------------------------------------------------------------

void session_state::load() {
  status_->enter(phase::loading);
  stored_->take([this](session_taken& taken) { use(std::move(taken)); },
                [this](const chat::failure& reason) {
                  status_->enter(phase::unknown);
                  turns_->fail_all(reason);
                  edits_->refuse_waiting(reason);
                  // Leaves memory: a later turn takes the session from the store again.
                  offer_to_leave();
                });
}

void session_state::use(session_taken taken) {
  stored_->use(std::move(taken));
  chain_form_.reset();
  status_->enter(phase::idle);
  edits_->make_waiting();
  ask_anew_for(turns_->sort_waiting(conversation_->current().tip()), options_);
  tell_registry();
  begin_next();
  leave_if_shared();
}

// -- a turn --------------------------------------------------------------------------------------

void session_state::take(turn t, reply_actor reply) {
  status_->count_turn();
  if (t.request->retries.may_repeat()) {
    const auto what = turns_->repeat(t, reply);
    if (what == repetition::given)
      return;
    if (what == repetition::of_another && t.match == session_match::repeated)
      return ask_anew(std::move(t), options_.tenant, std::move(reply), options_.registry);
  }
  last_.forget(t.identity);
  // Before the record is read it is not known whether it has the answer that the turn came for.
  const auto has_record = status_->phase() != phase::unknown && status_->phase() != phase::loading;
  if (has_record && !turns_->decide_match(t, conversation_->current().tip())) {
    replies_->fail_counted(turn_readers{std::move(reply)}, turn_outcome::refused,
                           refusal_of_foreign(*t.request));
    return;
  }
  if (!turns_->add(std::move(t), std::move(reply)))
    return;
  if (status_->phase() == phase::unknown)
    load();
  else
    begin_next();
}

/// Begins the turns that wait, until one of them runs at the upstream.
void session_state::begin_next() {
  if (std::exchange(begins_, true))
    return; // The loop below goes on.
  while (status_->phase() == phase::idle && turns_->run_next())
    if (const auto refusal = begin_turn()) {
      replies_->fail_counted(turns_->running().readers, turn_outcome::refused, *refusal);
      end_turn();
    }
  begins_ = false;
}

/// @returns why the turn is refused; nothing if it is not.
std::optional<chat::failure> session_state::begin_turn() {
  if (last_.is_outdated_in_record())
    stored_->save();
  status_->enter(phase::answering);
  const auto& t = turns_->running().what;
  // It may have been deleted after the request had found it.
  if (t.conversation.is_named() && t.conversation.id != status_->info().conversation)
    return chat::failure{failure_code::conversation_not_found, "conversation"};
  if (!t.left_out)
    return begin_at_upstream();
  if (!knows_left_out(t, conversation_->current(), status_->info(), chain_form_ == kind_for(t))) {
    // Another session gets the turn. First the registry hears that this one rests.
    const auto left = turns_->running();
    end_turn();
    ask_elsewhere(left, options_);
    return std::nullopt;
  }
  options_.counts->session_matched(name_of(t.match));
  return begin_at_upstream();
}

/// @returns as `begin_turn`.
std::optional<chat::failure> session_state::begin_at_upstream() {
  auto& running = turns_->running();
  const auto& t = running.what;
  conversation_->serve(kind_for(t));
  link_->open_for(t);
  auto told = conversation_->current().begin(*t.request, t.digests, found_how(t));
  running.what.left_out = nullptr; // Frees the client's request, which it holds.
  if (!told)
    return told.error();
  // A text-only service answers once for each answer that is wanted.
  running.weight = link_->obeys() ? t.request->choices : 1;
  status_->info().model = t.model.id;
  status_->info().last_used = recorded_now();
  tell_registry();
  link_->begin(addressed(*std::move(told), t), turns_->begin_answer());
  return std::nullopt;
}

void session_state::on_answered(upstream_answer answer) {
  const auto& running = turns_->running();
  answer.end.committed_at = unix_time();
  last_.remember(running.what, running.count, *running.answer, answer.end);
  if (!answer.said)
    answer.said.emplace(chat::role::assistant, running.text());
  auto earlier_response = std::exchange(status_->info().newest_response, {});
  chain_form_.reset();
  auto response = response_of(running, answer.end, status_->info(), *answer.said);
  if (response && running.what.match != session_match::explicit_id)
    chain_form_ = conversation_->current().serves();
  conversation_->current().answered(std::move(*answer.said));
  ++status_->info().turns;
  commit(std::move(answer.end), std::move(response), std::move(earlier_response));
}

/// @param earlier_response The newest response if the answered turn cannot be stored.
void session_state::commit(chat::answer_end end, std::optional<response_record> response,
                           std::string earlier_response) {
  status_->enter(phase::committing);
  stored_->commit(
      std::move(response),
      [this, end = std::move(end)] {
        const auto& running = turns_->running();
        options_.counts->turns[turn_outcome::answered].Increment(running.weight);
        conversation_->current().committed();
        // First the registry: the client's next turn may come as soon as it has the end.
        status_->enter(phase::settling);
        tell_registry();
        replies_->finish(running.readers, end);
        link_->settle();
      },
      [this, earlier_response = std::move(earlier_response)] {
        const auto& running = turns_->running();
        --status_->info().turns;
        status_->info().newest_response = earlier_response;
        last_.begin_from({});
        conversation_->current().commit_failed();
        replies_->fail_counted(running.readers, turn_outcome::failed,
                               {failure_code::store_unavailable, {}, "the turn is not kept"},
                               running.weight);
        status_->enter(phase::settling);
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
  if (changed && (!link_->chat().id.empty() || status_->info().turns > 0))
    stored_->save();
  replies_->fail_counted(running.readers, turn_outcome::failed, f.reason, running.weight);
  end_turn();
}

void session_state::end_turn() {
  link_->end_turn();
  turns_->end_running();
  status_->enter(stored_->is_in_doubt() ? phase::unknown : phase::idle);
  status_->was_used();
  if (status_->phase() == phase::idle && edits_->any_waits()) {
    edits_->make_waiting();
    ask_anew_for(turns_->sort_waiting(conversation_->current().tip()), options_);
  }
  tell_registry();
  if (!turns_->any_waits() && status_->is_past_age())
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
  if (status_->phase() != phase::answering || link_->is_about_to_report())
    return;
  if (left && left->returns)
    self_->delayed_send(self_, options_.retry_grace, atom::abandon_v, ++absences_);
  else
    give_up(left ? std::optional{left->when} : std::nullopt);
}

void session_state::abandon(std::uint64_t absence) {
  if (absence == absences_ && status_->phase() == phase::answering &&
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
    stored_->save();
}

// -- the registry --------------------------------------------------------------------------------

void session_state::tell_registry() { self_->send(options_.registry, atom::changed_v, report()); }

session_report session_state::report() const {
  const auto now = status_->phase();
  session_report result;
  result.info = status_->info_with(link_->chat());
  result.info.state = name_of(now);
  result.token = options_.token;
  result.scope = options_.scope;
  result.turns = status_->turns();
  // The client has its answer while that is settled.
  result.resting = (status_->rests() || now == phase::settling) && !turns_->any_waits();
  const auto recognisable = now != phase::answering && !turns_->any_waits();
  if (!recognisable)
    result.info.newest_response.clear();
  result.tip = recognisable ? conversation_->current().tip() : conversation_tip::unrecognisable();
  result.identity = turns_->identity();
  return result;
}

private_session_actor::behavior_type
session(private_session_actor::stateful_pointer<session_state> self, session_start start) {
  self->state.start(std::move(start));
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
      [self](atom::timer, std::uint64_t wake, std::uint64_t number) {
        self->state.link().on_wake(wake, number);
      },
      [self](atom::idle) { self->state.check_idle(); },
      [self](atom::abandon, std::uint64_t absence) { self->state.abandon(absence); },
  };
}

} // namespace nekod
