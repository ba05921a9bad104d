#include "actors/ids.hpp"
#include "actors/messages.hpp"
#include "actors/registry.hpp"
#include "actors/scheduler.hpp"
#include "actors/store.hpp"
#include "actors/upstream/anuneko.hpp"
#include "bench/simulator/service.hpp"
#include "config.hpp"
#include "http/client/curl_transport.hpp"
#include "http/server/routes.hpp"
#include "http/server/server.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <caf/all.hpp>
#include <malloc.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

/// nekod: puts the rooms together, runs the loop, and ends in order.
namespace {

using namespace nekod;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long answers that the drain's limit cut may take to say so.
constexpr milliseconds last_words{1000};

/// How often a drain looks whether answers still run.
constexpr milliseconds drain_interval{20};

/// How often memory is looked after.
constexpr milliseconds memory_interval{1000};

milliseconds in_milliseconds(settings::seconds s) { return duration_cast<milliseconds>(s); }

/// Whole seconds, at least one.
seconds in_seconds(settings::seconds s) {
  return std::max(seconds{1}, std::chrono::ceil<seconds>(s));
}

void set_up_log(const settings& s) {
  auto log = spdlog::stderr_logger_mt("nekod");
  log->set_level(spdlog::level::from_str(s.log_level));
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  log->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(log));
}

time_limits limits_of(const settings& s) {
  time_limits result;
  result.connect = in_milliseconds(s.connect_timeout);
  result.first_byte = in_milliseconds(s.first_byte_timeout);
  result.silence = in_milliseconds(s.request_timeout);
  result.whole = in_milliseconds(s.answer_timeout);
  return result;
}

anuneko_options account_of(const settings& s) {
  anuneko_options result;
  result.base_url = s.anuneko_url;
  result.token = s.anuneko_token;
  result.cookie = s.anuneko_cookie;
  result.device_id = stable_uuid(s.anuneko_token);
  result.limits = limits_of(s);
  return result;
}

/// Takes all the descriptors the system lets this process have: shells and service managers start
/// programs with fewer.
/// @returns how many.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

/// Connections that may be open: a client's may need one upstream, and a few descriptors are ours.
/// Past that clients wait to be accepted; out of descriptors, RESTinio would stop to accept for
/// good.
std::size_t connection_limit(const settings& s, std::size_t descriptors) {
  constexpr std::size_t reserved = 256;
  auto possible = descriptors > 4 * reserved ? (descriptors - reserved) / 2 : descriptors / 4;
  if (possible < s.max_connections)
    spdlog::info("at most {} connections, since this process may open {} files", possible,
                 descriptors);
  return std::min(possible, s.max_connections);
}

http::server_options server_options_of(const settings& s) {
  http::server_options result;
  result.host = s.host;
  result.port = s.port;
  result.max_body = s.max_content_length;
  result.max_connections = connection_limit(s, raise_descriptor_limit());
  result.write_timeout = in_seconds(s.write_timeout);
  // An answer in one piece writes nothing until its turn came, and the calls of the turn are
  // through.
  result.answer_timeout = in_seconds(4 * s.answer_timeout) + seconds{60};
  return result;
}

std::shared_ptr<const http::reply_options> reply_options_of(const settings& s) {
  auto result = std::make_shared<http::reply_options>();
  result->language = s.language;
  result->heartbeat = in_milliseconds(s.heartbeat);
  result->longest_wait = in_milliseconds(s.answer_timeout);
  result->credit_step = s.stream_buffer / 8;
  return result;
}

/// The main thread's work while others run the loop: signals, and memory.
class caretaker {
public:
  /// From here on SIGINT and SIGTERM are taken.
  caretaker() { signals_.add(SIGTERM); }

  /// Waits for a signal, calls *begin*, then asks *open* for the answers that still run until there
  /// is none or the time is over. A second signal ends the process at once.
  void wait(milliseconds limit, const std::function<void()>& begin,
            const std::function<std::size_t()>& open) {
    look_after_memory(open);
    signals_.async_wait([&, limit](const asio::error_code&, int) {
      signals_.async_wait([](const asio::error_code& ec, int signal) {
        if (!ec)
          std::_Exit(128 + signal);
      });
      deadline_ = std::chrono::steady_clock::now() + limit;
      begin();
      look_at_drain(open);
    });
    control_.run();
  }

private:
  void look_at_drain(const std::function<std::size_t()>& open) {
    if (open() == 0 || std::chrono::steady_clock::now() >= deadline_) {
      control_.stop();
      return;
    }
    drain_timer_.expires_after(drain_interval);
    drain_timer_.async_wait([&](const asio::error_code&) { look_at_drain(open); });
  }

  /// Gives memory back to the system when a rush is over, which the allocator does not do by itself
  /// for what lies between two pieces in use.
  void look_after_memory(const std::function<std::size_t()>& open) {
    auto now_open = open();
    most_open_ = std::max(most_open_, now_open);
    if (most_open_ >= rush && now_open <= most_open_ / 4) {
      malloc_trim(0);
      most_open_ = now_open;
    }
    memory_timer_.expires_after(memory_interval);
    memory_timer_.async_wait([&](const asio::error_code&) { look_after_memory(open); });
  }

  /// Answers at a time that make it worth while to give their memory back.
  static constexpr std::size_t rush = 64;

  asio::io_context control_;
  asio::signal_set signals_{control_, SIGINT};
  asio::steady_timer drain_timer_{control_};
  asio::steady_timer memory_timer_{control_};
  std::chrono::steady_clock::time_point deadline_;
  std::size_t most_open_ = 0;
};

/// Looks at *done* until it says yes or the time is over.
template <class Done>
void wait_until(milliseconds limit, Done done) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(drain_interval);
}

int run(settings s) {
  caretaker care;
  auto threads = s.threads > 0 ? s.threads : std::max(1u, std::thread::hardware_concurrency());
  asio::io_context loop{static_cast<int>(threads)};
  auto work = asio::make_work_guard(loop);

  std::unique_ptr<sim::service> simulator;
  if (s.upstream == upstream_kind::simulator) {
    sim::options o;
    o.token = s.anuneko_token = make_id("simulated-");
    o.delay = milliseconds{20};
    simulator = std::make_unique<sim::service>(loop, o);
    s.anuneko_url = simulator->base_url();
    spdlog::info("the simulator answers at {}", s.anuneko_url);
  }

  // Opened before there is an actor, so that a port in use ends the program; served once the loop
  // runs.
  std::optional<http::routes> routes;
  auto listening = server_options_of(s);
  http::server server{loop, listening,
                      [&routes](const http::exchange_ptr& x) { routes->handle(x); }};

  http::client_options client;
  client.window = s.stream_buffer;
  client.lanes = threads;
  client.max_connections = listening.max_connections;
  http::curl_transport transport{loop, client};

  caf::actor_system_config config;
  add_message_types(config);
  run_actors_on(loop, config);
  caf::actor_system system{config};

  registry_options r;
  r.upstream = make_anuneko(transport, account_of(s));
  r.store = system.spawn(memory_store, in_seconds(s.session_ttl));
  r.aliases = s.model_aliases;
  r.session_queue = s.session_queue;
  r.session_idle = in_seconds(s.session_idle);
  auto store = r.store;
  auto sessions = system.spawn(registry, std::move(r));

  http::route_options o;
  o.reply = reply_options_of(s);
  o.max_body = s.max_content_length;
  o.max_requests = s.max_streams;
  o.open_requests = [&server] { return server.open_exchanges(); };
  o.max_connections = listening.max_connections;
  o.open_connections = [&server] { return server.open_connections(); };
  o.version = NEKOD_VERSION;
  routes.emplace(system, sessions, std::move(o));
  spdlog::info("listening on {}:{}", s.host, server.port());

  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i)
    workers.emplace_back([&loop] { loop.run(); });

  auto open = [&] { return server.open_exchanges(); };
  auto drain = [&] {
    spdlog::info("draining: {} answers still run", open());
    routes->drain();
    server.stop_accepting();
  };
  care.wait(in_milliseconds(s.drain_timeout), drain, open);

  // What runs on past the limit hears of the end through its session's.
  caf::anon_send_exit(sessions, caf::exit_reason::user_shutdown);
  wait_until(last_words, [&] { return open() == 0; });
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  wait_until(last_words, [&] { return system.registry().running() == 0; });
  if (system.registry().running() > 0) {
    // Their clients do not read: what they were told last never left.
    spdlog::warn("ended with {} answers unread", open());
    std::_Exit(0);
  }
  transport.stop();
  if (simulator)
    simulator->stop();
  loop.stop();
  for (auto& worker : workers)
    worker.join();
  // What the loop and the routes still hold of actors goes before their system.
  routes.reset();
  loop.restart();
  loop.poll();
  spdlog::info("ended");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  // A peer or a log reader that is gone is an error to be returned, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  auto read = read_settings(argc, argv);
  if (auto* ending = std::get_if<exit_request>(&read)) {
    (ending->code == 0 ? std::cout : std::cerr) << ending->text;
    return ending->code;
  }
  auto& s = std::get<settings>(read);
  set_up_log(s);
  try {
    return run(std::move(s));
  } catch (const std::system_error& e) {
    spdlog::error("{}", e.what());
    return 2;
  }
}
