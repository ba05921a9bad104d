#include "actors/registry/registry.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/upstream/anuneko/anuneko.hpp"
#include "actors/upstream/openai/openai.hpp"
#include "bench/micro/answering_transport.hpp"
#include "bench/micro/subject.hpp"
#include "bench/micro/texts.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <memory>
#include <stdexcept>

namespace nekod::micro {

namespace {

using namespace std::chrono_literals;
using request_ptr = std::shared_ptr<const chat::request>;

/// Other sessions in memory during a measurement.
constexpr std::size_t other_sessions = 200;

enum class service { anuneko, openai };

std::string session_named(const std::string& id) { return R"(,"session_id":")" + id + '"'; }

std::string other_id(std::size_t i) { return "other-" + std::to_string(i); }

request_ptr shared_request(std::size_t turns, const std::string& more = {}) {
  return std::make_shared<chat::request>(request_of(turns, more));
}

/// A registry, its store, its sessions and a service, with other clients' sessions in memory.
class house : public test::actor_system_fixture {
public:
  explicit house(service kind) {
    net_.anuneko_reply = anuneko_reply();
    net_.openai_stream = openai_stream();
    options_.upstreams = {{upstream(kind)}};
    options_.sessions.store =
        system().spawn(memory_store, session_lifetime{1h}, options_.sessions.counts);
    options_.sessions.digest = std::make_shared<conversation_digest>("key");
    registry_ = system().spawn(registry, options_);
    work();
    for (std::size_t i = 0; i < other_sessions; ++i)
      ask(shared_request(0, session_named(other_id(i))), session_match::explicit_id);
  }

  ~house() {
    caf::anon_send_exit(registry_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(options_.sessions.store, caf::exit_reason::kill);
    run();
  }

  house(const house&) = delete;
  house& operator=(const house&) = delete;

  /// A turn, from the request to the settled chat. @returns its session's id.
  std::string ask(request_ptr request, session_match expected) {
    auto record = std::make_shared<test::reply_record>();
    open_turn t;
    t.request = std::move(request);
    caf::anon_send(registry_, atom::open_v, t, test::spawn_recording_reply(system(), record));
    work();
    if (record->log.empty() || record->log.back() != "finish")
      throw std::logic_error{"a turn was not answered"};
    if (record->head.match != expected)
      throw std::logic_error{"a turn went to the wrong session"};
    return record->head.session_id;
  }

  void remove(const std::string& id) {
    if (!get<bool>(atom::remove_v, id, session_view{}))
      throw std::logic_error{"there is no such session"};
  }

  void show(const std::string& id) {
    if (!get<session_finding>(atom::show_v, id, session_view{}).found)
      throw std::logic_error{"there is no such session"};
  }

private:
  std::shared_ptr<upstream_service> upstream(service kind) {
    if (kind == service::openai) {
      openai_options o;
      o.base_url = "http://cats.example/v1";
      o.counts = options_.sessions.counts;
      return make_openai(net_, o);
    }
    anuneko_options o;
    o.base_url = "http://cats.example/api/v1";
    o.accounts.push_back({"token", {}, 1});
    o.counts = options_.sessions.counts;
    return make_anuneko(net_, o);
  }

  /// Runs actors and the service until they are idle.
  void work() {
    do
      run();
    while (net_.answer_all());
  }

  template <class Reply, class... Question>
  Reply get(Question... question) {
    Reply result{};
    system().spawn(
        [&](caf::event_based_actor* self, const registry_actor& h) {
          self->request(h, caf::infinite, question...)
              .then([&](Reply& r) { result = std::move(r); }, [](const caf::error&) {});
        },
        registry_);
    work();
    return result;
  }

  answering_transport net_;
  registry_options options_ = test::usual_registry_options();
  registry_actor registry_;
};

step look_up_session() {
  return [in = std::make_shared<house>(service::anuneko)] { in->show(other_id(100)); };
}

/// Three turns of a conversation with a session name, and its deletion.
step talk_by_id() {
  auto in = std::make_shared<house>(service::anuneko);
  return [in, request = shared_request(0, session_named("mine"))] {
    for (int i = 0; i < 3; ++i)
      in->ask(request, session_match::explicit_id);
    in->remove("mine");
  };
}

/// The same with the whole conversation in each request.
step talk_by_transcript(service kind) {
  auto in = std::make_shared<house>(kind);
  return [in, first = shared_request(0), second = shared_request(1), third = shared_request(2)] {
    auto id = in->ask(first, session_match::fresh);
    in->ask(second, session_match::transcript);
    in->ask(third, session_match::transcript);
    in->remove(id);
  };
}

step digest_history() {
  return
      [request = request_of(10), digest = conversation_digest{"key"}] { keep(digest.of(request)); };
}

} // namespace

std::vector<subject> conversation_subjects() {
  return {{"digest/history", digest_history},
          {"registry/show", look_up_session},
          {"turns/anuneko_by_id", talk_by_id},
          {"turns/anuneko_by_transcript", [] { return talk_by_transcript(service::anuneko); }},
          {"turns/openai_by_transcript", [] { return talk_by_transcript(service::openai); }}};
}

} // namespace nekod::micro
