#include "actors/resumption/kept_answer.hpp"

#include "actors/resumption/turn_proxy.hpp"
#include "actors/runtime/bound_actor.hpp"
#include "actors/store/store_timeout.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <utility>

namespace nekod {

namespace {

using chat::failure_code;

/// The bytes by which the count of an answer grows, so that pieces need not be counted one by one.
constexpr std::size_t count_step = 16u << 10;

/// The bytes of a kept answer besides its pieces and its request.
constexpr std::size_t base_size = 4u << 10;

/// After this time an end that could not be stored is stored again.
constexpr std::chrono::seconds store_again_after{5};

/// With room for a short answer, so that few that begin find no room later.
std::size_t first_size(const open_turn& t) {
  return base_size + t.request->body.size() + count_step;
}

using self_pointer = private_kept_answer_actor::stateful_pointer<kept_answer_state>;

/// Writes how a response ended, and calls *then*, whatever came of it. If it could not be written,
/// the actor hears later that it is time to try again.
void store_record(self_pointer self, const store_actor& store, response_record record,
                  const std::function<void()>& then) {
  self->request(store, store_timeout, atom::commit_v, std::move(record))
      .then([then](atom::commit) { then(); },
            [self, then](const caf::error&) {
              self->delayed_send(self, store_again_after, atom::flush_v);
              then();
            });
}

/// Publishes which upstream answers.
void tell_answerer(kept_answers& all, const response_key& key, const turn_head& head,
                   const std::string& upstream) {
  all.update(key, [&](kept_entry& entry) {
    entry.upstream = upstream;
    entry.abilities = head.abilities;
  });
}

/// Whether the response is stored while its turn waits and runs.
bool stores(const kept_answer_options& o) { return o.background && o.recorder->stores(); }

/// Deletes a response, and calls *then*, whatever came of it.
void remove_record(self_pointer self, const store_actor& store, response_key key,
                   const std::function<void()>& then) {
  self->request(store, store_timeout, atom::remove_v, std::move(key))
      .then([then](bool) { then(); }, [then](const caf::error&) { then(); });
}

/// Tells *then* whether a response is left over, as far as the store answers.
void find_left_over(self_pointer self, const store_actor& store, response_key key,
                    const std::function<void(bool)>& then) {
  self->request(store, store_timeout, atom::show_v, std::move(key))
      .then([then](const response_finding& f) { then(f.record && is_left_over(*f.record)); },
            [then](const caf::error&) { then(false); });
}

} // namespace

kept_answer_state::~kept_answer_state() {
  counter_->leave();
  give_up();
  options_.rules.all->remove(key_);
}

void kept_answer_state::start(kept_answer_options options, home_loop home) {
  options_ = std::move(options);
  home_ = home;
  identity_ = *options_.asked.answer_id;
  key_ = {options_.asked.tenant, identity_.id};
  conversation_session_ = options_.asked.conversation.session;
  counted_ = first_size(options_.asked);
  names_.emplace(options_.rules.places);
  names_->add(answer_name::of_id(key_.tenant, identity_.id));
  if (!options_.request.empty())
    names_->add(answer_name::of_request(key_.tenant, options_.request));
  self_->set_error_handler([](caf::error&) {});
  self_->set_down_handler([this](const caf::down_msg& m) { reader_left(m.source); });
}

// -- the turn ------------------------------------------------------------------------------------

caf::result<atom::turn> kept_answer_state::ask_for_turn() {
  self_->delayed_send(self_, options_.rules.longest_wait, atom::late_v);
  if (!stores(options_)) {
    open_turn_now();
    return atom::turn_v;
  }
  auto promise = self_->make_response_promise<atom::turn>();
  self_
      ->request(options_.store, store_timeout, atom::commit_v,
                options_.recorder->unfinished(so_far()))
      .then(
          [this, promise](atom::commit) mutable {
            open_turn_now();
            promise.deliver(atom::turn_v);
          },
          [this, promise](const caf::error& e) mutable {
            // A store that was silent may still store it.
            caf::anon_send(options_.store, atom::remove_v,
                           options_.recorder->unfinished(so_far()).key());
            promise.deliver(e);
            self_->quit();
          });
  return promise;
}

void kept_answer_state::open_turn_now() {
  if (has_ended())
    return;
  proxy_ = spawn_turn_proxy(self_->system(), caf::actor_cast<kept_answer_actor>(self_));
  self_->send(options_.registry, atom::open_v, std::move(options_.asked), proxy_);
  options_.asked.request = nullptr;
}

void kept_answer_state::begin(turn_head head) {
  if (has_ended())
    return;
  head.kept = true;
  head_ = std::move(head);
  tell_answerer(*options_.rules.all, key_, *head_, head_->upstream);
  auto& log = *head_->answer;
  log.keep();
  if (log.identity().id != identity_.id) {
    // The turn repeats one that another API call began.
    identity_ = log.identity();
    const response_key actual{key_.tenant, identity_.id};
    if (options_.rules.all->rename(key_, actual)) {
      key_ = actual;
      names_->add(answer_name::of_id(key_.tenant, key_.id));
    }
  }
  options_.rules.all->begun_in({key_.tenant, head_->session_id}, key_);
  log.attach(proxy_.id(), counter_, home_, answer_log::flow::unpaced);
  readers_.for_each([this](const reply_actor& reply) { tell_begin(reply); });
}

void kept_answer_state::finish(chat::answer_end end) {
  if (has_ended())
    return;
  end_ = std::move(end);
  if (auto [upstream, model] = head_->answer->answerer(); !upstream.empty())
    tell_answerer(*options_.rules.all, key_, *head_, upstream);
  conclude();
}

void kept_answer_state::fail(const chat::failure& reason) {
  if (has_ended())
    return;
  failure_ = reason;
  options_.rules.all->update(key_,
                             [&](kept_entry& entry) { entry.retry_after = reason.retry_after; });
  give_up();
  if (!options_.background && !head_) {
    // Nothing was told of it.
    readers_.for_each([this](const reply_actor& reply) { tell_end(reply); });
    self_->quit();
    return;
  }
  if (!stores(options_)) {
    conclude();
    return;
  }
  ending_ = true;
  const auto over = [this] { conclude(); };
  if (reason.code != failure_code::session_deleted)
    return store_record(self_, options_.store, record_of_end(), over);
  find_left_over(self_, options_.store, record_of_end().key(), [this, over](bool is_left_over) {
    if (is_left_over)
      return store_record(self_, options_.store, record_of_end(), over);
    // The response goes with its session.
    remove_record(self_, options_.store, record_of_end().key(), [this] {
      conclude();
      self_->quit();
    });
  });
}

caf::result<std::string> kept_answer_state::cancel() {
  if (has_ended() && !ending_)
    return object();
  auto promise = self_->make_response_promise<std::string>();
  cancels_.push_back(promise);
  if (ending_)
    return promise;
  failure_ = failure_code::cancelled;
  give_up();
  if (!stores(options_)) {
    conclude();
    return promise;
  }
  ending_ = true;
  const auto record = record_of_end();
  const auto failed = [this](const caf::error&) {
    self_->delayed_send(self_, store_again_after, atom::flush_v);
    conclude();
  };
  self_->request(options_.store, store_timeout, atom::commit_v, record)
      .then(
          [this, record_key = record.key(), failed](atom::commit) {
            self_->request(options_.store, store_timeout, atom::show_v, record_key)
                .then([this](const response_finding& f) { on_cancel_stored(f); }, failed);
          },
          failed);
  return promise;
}

/// Stores again how it ended.
void kept_answer_state::store_again() {
  store_record(self_, options_.store, record_of_end(), [] {});
}

/// @param stored The response as the store has it, once it has an end.
void kept_answer_state::on_cancel_stored(const response_finding& stored) {
  if (!stored.record || stored.record->object == record_of_end().object)
    return conclude();
  // The turn had been answered, and is stored so.
  for (auto& promise : std::exchange(cancels_, {}))
    promise.deliver(stored.record->object);
  conclude();
  self_->quit();
}

/// Ends the turn wherever it is, if it has not ended.
void kept_answer_state::give_up() {
  if (const auto proxy = std::exchange(proxy_, nullptr))
    caf::anon_send_exit(proxy, caf::exit_reason::user_shutdown);
}

/// The end is stored, if it is to be: tells everybody.
void kept_answer_state::conclude() {
  ending_ = false;
  give_up();
  readers_.for_each([this](const reply_actor& reply) { tell_end(reply); });
  for (auto& promise : std::exchange(cancels_, {}))
    promise.deliver(object());
  options_.rules.all->ended(key_);
  self_->delayed_send(self_, options_.rules.age, atom::forget_v);
}

void kept_answer_state::waited() {
  if (!head_)
    fail(failure_code::overloaded);
}

void kept_answer_state::forget() {
  if (has_ended() && !ending_)
    self_->quit();
}

void kept_answer_state::discard() {
  if (!has_ended()) {
    failure_ = failure_code::cancelled;
    conclude();
  }
  self_->quit();
}

/// The log has more. Called outside of the actor.
void kept_answer_state::count_bytes() {
  const auto size = head_->answer->size();
  if (overfull_ || base_size + size <= counted_)
    return;
  const auto& rules = options_.rules;
  const auto bytes = base_size + size + count_step;
  if (size <= rules.max_kept_bytes && rules.all->resize(key_, bytes)) {
    counted_ = bytes;
    return;
  }
  overfull_ = true;
  auto reason =
      size > rules.max_kept_bytes
          ? chat::failure{failure_code::upstream_error, {}, "the answer is too long to be kept"}
          : chat::retry_soon(failure_code::overloaded, "no memory left for the answer");
  caf::anon_send(caf::actor_cast<kept_answer_actor>(self_), atom::failed_v, std::move(reason));
}

// -- readers -------------------------------------------------------------------------------------

caf::result<atom::read> kept_answer_state::take_reader(reply_actor reply) {
  self_->monitor(reply);
  if (head_)
    tell_begin(reply);
  if (has_ended() && !ending_)
    tell_end(reply);
  readers_.add(std::move(reply));
  return atom::read_v;
}

void kept_answer_state::tell_begin(const reply_actor& reply) {
  head_->answer->add_reader(reply.id());
  self_->send(reply, atom::begin_v, *head_, caf::actor_cast<turn_actor>(self_));
}

void kept_answer_state::tell_end(const reply_actor& reply) {
  if (end_)
    self_->send(reply, atom::finish_v, *end_);
  else
    self_->send(reply, atom::failed_v, *failure_);
}

void kept_answer_state::reader_left(const caf::actor_addr& reply) {
  if (readers_.remove(reply) && head_)
    head_->answer->remove_reader(reply.id());
}

// -- the response --------------------------------------------------------------------------------

unanswered kept_answer_state::so_far() const {
  unanswered result{identity_, key_.tenant, {}, {}, nullptr};
  // A conversation that is deleted before the turn begins takes its session's responses along.
  result.session_id = conversation_session_;
  if (!head_)
    return result;
  result.session_id = head_->session_id;
  result.answer = head_->answer.get();
  result.model = result.answer->answerer().second;
  if (result.model.empty())
    result.model = head_->model;
  return result;
}

response_record kept_answer_state::record_of_end() const {
  const auto u = so_far();
  if (failure_)
    return options_.recorder->broken_off(u, *failure_);
  return options_.recorder->ended({*u.answer, *end_, u.tenant, u.session_id, u.model});
}

std::string kept_answer_state::object() const {
  if (has_ended() && !ending_)
    return record_of_end().object;
  return options_.recorder->unfinished(so_far()).object;
}

namespace {

private_kept_answer_actor::behavior_type
behavior_of(private_kept_answer_actor::stateful_pointer<kept_answer_state> self) {
  return {
      [self](atom::begin, turn_head& head, const turn_actor&) {
        self->state.begin(std::move(head));
      },
      [self](atom::finish, chat::answer_end& end) { self->state.finish(std::move(end)); },
      [self](atom::failed, const chat::failure& reason) { self->state.fail(reason); },
      [self](atom::turn) { return self->state.ask_for_turn(); },
      [self](atom::read, reply_actor& reply) { return self->state.take_reader(std::move(reply)); },
      [self](atom::leave, const client_left&) {
        self->state.reader_left(caf::actor_cast<caf::actor_addr>(self->current_sender()));
      },
      [self](atom::show) { return self->state.object(); },
      [self](atom::cancel) { return self->state.cancel(); },
      [self](atom::forget) { self->state.forget(); },
      [self](atom::flush) { self->state.store_again(); },
      [self](atom::discard) { self->state.discard(); },
      [self](atom::late) { self->state.waited(); },
  };
}

} // namespace

std::optional<kept_answer_actor> spawn_kept_answer(caf::actor_system& system, home_loop home,
                                                   kept_answer_options options) {
  const auto all = options.rules.all;
  const response_key key{options.asked.tenant, options.asked.answer_id->id};
  const auto request = options.request;
  const auto bytes = first_size(options.asked);
  kept_entry entry;
  entry.identity = *options.asked.answer_id;
  entry.recorder = options.recorder;
  entry.background = options.background;
  auto handle = spawn_bound<private_kept_answer_actor, kept_answer_state>(
      system, home,
      [home, options = std::move(options)](
          private_kept_answer_actor::stateful_pointer<kept_answer_state> self) mutable {
        self->state.start(std::move(options), home);
        return behavior_of(self);
      });
  const kept_answer_actor who = handle;
  entry.who = who;
  entry.forget = [who] { caf::anon_send(who, atom::forget_v); };
  if (all->add(key, request, std::move(entry), bytes))
    return who;
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  return std::nullopt;
}

} // namespace nekod
