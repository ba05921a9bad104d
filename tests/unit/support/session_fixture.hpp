#pragma once

#include "actors/session/session.hpp"
#include "actors/store/memory_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod::test {

using namespace std::chrono_literals;

/// A STORE that commits nothing before it is told to.
using slow_store_actor = store_actor::extend<
    // Answers the commits until now.
    caf::reacts_to<atom::sweep>>;

struct slow_store_state {
  slow_store_state() = default;
  std::vector<caf::typed_response_promise<atom::commit>> waiting;
};

/// @param given What it answers to each take.
inline slow_store_actor::behavior_type
slow_store(slow_store_actor::stateful_pointer<slow_store_state> self, session_taken given) {
  return {
      [given](atom::take, const session_wanted&) { return given; },
      [self](atom::commit, const session_commit&) {
        self->state.waiting.push_back(self->make_response_promise<atom::commit>());
        return self->state.waiting.back();
      },
      [](atom::release, const session_token&) {},
      [](atom::show, const std::string&, const session_view&) { return session_finding{}; },
      [](atom::list, const session_query&) { return session_page{}; },
      [](atom::remove, const session_key&) { return false; },
      [](atom::clear, const session_filter&) { return std::uint64_t{0}; },
      [self](atom::commit, const response_record&) {
        self->state.waiting.push_back(self->make_response_promise<atom::commit>());
        return self->state.waiting.back();
      },
      [](atom::show, const response_key&) { return response_finding{}; },
      [](atom::show, const chain_query&) { return response_chain{}; },
      [](atom::show, const item_query&) { return item_finding{}; },
      [](atom::show, const conversation_query&) { return conversation_finding{}; },
      [](atom::close, const session_key&) { return atom::close_v; },
      [](atom::remove, const response_key&) { return false; },
      [self](atom::sweep) {
        for (auto& promise : self->state.waiting)
          promise.deliver(atom::commit_v);
        self->state.waiting.clear();
      },
  };
}

/// Writes down which sessions want to leave, and agrees if it was told to.
struct registry_log {
  std::vector<std::string> retiring;
  std::vector<session_info> infos;
  /// What the newest report says.
  bool rests = false;
};

inline registry_actor::behavior_type quiet_registry(registry_actor::pointer,
                                                    std::shared_ptr<registry_log> log) {
  return {
      [](atom::open, const open_turn&, const reply_actor&) {},
      [](atom::models) { return model_list{}; },
      [](atom::models, atom::refresh) { return model_list{}; },
      [](atom::pass, const std::string&) { return model_choice{}; },
      [](const model_aliases&) {},
      [](atom::ready) { return readiness{}; },
      [](atom::list, const session_query&) { return session_page{}; },
      [](atom::show, const std::string&, const session_view&) { return session_finding{}; },
      [](atom::show, const conversation_query&) { return session_finding{}; },
      [](atom::remove, const std::string&, const session_view&) { return false; },
      [](atom::clear, const session_filter&) { return std::uint64_t{0}; },
      [](atom::edit, const session_key&, const conversation_edit&) { return edit_outcome{}; },
      [log](atom::changed, const session_report& r) {
        log->infos.push_back(r.info);
        log->rests = r.resting;
      },
      [log](atom::retire, const session_report& r) { log->retiring.push_back(r.info.id); },
      [](atom::gone, const session_token&) {},
  };
}

/// One session between a registry, a store and an upstream that do as they are told.
struct session_fixture : actor_system_fixture {
  session_fixture() {
    options.id = "s1";
    options.store = system().spawn(memory_store, session_lifetime{1h}, options.counts);
    options.registry = system().spawn(quiet_registry, registry);
    options.token = {"test", 1};
    begin_anew();
    options.queue_limit = 2;
    options.idle_time = 60s;
  }

  ~session_fixture() {
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    caf::anon_send_exit(options.store, caf::exit_reason::kill);
    run();
  }

  session_fixture(const session_fixture&) = delete;
  session_fixture& operator=(const session_fixture&) = delete;

  /// The next session has no record.
  void begin_anew() {
    options.taken.emplace();
    options.taken->token = options.token;
  }

  /// The next session takes its record from the store.
  void begin_from_store() { options.taken.reset(); }

  void start() {
    handle = spawn_session(system(), options);
    run();
  }

  /// Replaces the store by one that commits nothing before `let_store_commit`.
  void use_slow_store(session_taken given = {}) {
    caf::anon_send_exit(options.store, caf::exit_reason::kill);
    slow = system().spawn(slow_store, std::move(given));
    options.store = slow;
  }

  void let_store_commit() {
    caf::anon_send(slow, atom::sweep_v);
    run();
  }

  /// The session's record, if the store has one; looked up as by its holder.
  std::optional<session_record> stored_record() {
    session_wanted wanted;
    wanted.token = options.token;
    wanted.id = options.id;
    std::optional<session_record> result;
    caf::scoped_actor self{system()};
    auto taken = self->request(options.store, caf::infinite, atom::take_v, std::move(wanted));
    run();
    taken.receive([&](session_taken& t) { result = std::move(t.record); }, [](caf::error&) {});
    return result;
  }

  struct asked {
    std::shared_ptr<reply_record> record = std::make_shared<reply_record>();
    reply_actor reply;
  };

  asked ask(const std::string& text) { return ask(request_saying(text)); }

  asked ask_with_prompt(const std::string& prompt, const std::string& text) {
    auto request = request_saying(text);
    request->messages.insert(request->messages.begin(), {chat::role::system, prompt});
    return ask(request);
  }

  /// A turn of a client that names the session.
  asked ask(const std::shared_ptr<chat::request>& request) {
    asked result;
    result.reply = spawn_recording_reply(system(), result.record);
    turn t;
    t.request = request;
    t.digests = options.digest->of(*request);
    t.match = session_match::explicit_id;
    t.model.upstream = upstream;
    t.model.upstream_name = "Orange Cat";
    caf::anon_send(handle, atom::turn_v, t, result.reply);
    run();
    return result;
  }

  /// A client's request that it sends again if it has no answer.
  asked ask_counted(const std::string& text, unsigned count,
                    session_match match = session_match::fresh, const std::string& key = {}) {
    asked result;
    result.record->returns = true;
    result.reply = spawn_recording_reply(system(), result.record);
    auto request = request_saying(text);
    request->retries.count = count;
    request->retries.key = key;
    turn t;
    t.digests = options.digest->of(*request);
    t.identity = t.digests.asked;
    t.model.upstream = upstream;
    t.match = match;
    t.request = std::move(request);
    caf::anon_send(handle, atom::turn_v, t, result.reply);
    run();
    return result;
  }

  /// The running turn has an answer, and is settled.
  void answer(const std::string& text) {
    line().say(text);
    line().end_answer();
    run();
    line().end_settling();
    run();
  }

  /// A request with a key, which needs no count to be recognised.
  asked ask_keyed(const std::string& text, unsigned count) {
    return ask_counted(text, count, session_match::fresh, "key");
  }

  void leave(const asked& a) {
    leave_reply(a.reply);
    run();
  }

  fake_upstream::line& line() { return *upstream->lines.front(); }

  std::shared_ptr<fake_upstream> upstream = std::make_shared<fake_upstream>();
  std::shared_ptr<registry_log> registry = std::make_shared<registry_log>();
  slow_store_actor slow;
  session_start options{usual_session_rules()};
  session_actor handle;
};

} // namespace nekod::test
