#include "bench/simulator/service.hpp"
#include "bench/simulator/settings.hpp"

#include <CLI/CLI.hpp>
#include <asio.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace {

using nekod::sim::setting_limits;

struct arguments {
  nekod::sim::options simulator;
  std::uint32_t first_delay_ms = 0;
  std::uint32_t delay_ms = 0;
  unsigned threads = 1;
};

void declare(CLI::App& app, arguments& a) {
  auto& o = a.simulator;
  app.add_option("--host", o.host, "Address to listen on")->capture_default_str();
  app.add_option("--port", o.port, "Port to listen on; 0 lets the system pick one")
      ->capture_default_str();
  app.add_option("--token", o.token,
                 "Account token that calls must carry, several separated by commas; without it any "
                 "is accepted");
  auto* certificate = app.add_option("--tls-cert", o.certificate, "Certificate chain, for TLS");
  app.add_option("--tls-key", o.key, "Private key of the certificate")->needs(certificate);
  app.add_option("--models", o.models, "Names of the models, separated by commas")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--first-delay-ms", a.first_delay_ms,
                 "Time from a message to the first event of its reply")
      ->check(CLI::Range(0u, setting_limits::delay_ms))
      ->capture_default_str();
  app.add_option("--delay-ms", a.delay_ms,
                 "Time between two events; 0 sends as fast as the peer reads")
      ->check(CLI::Range(0u, setting_limits::delay_ms))
      ->capture_default_str();
  app.add_option("--tokens", o.tokens, "Pieces of text in each reply; 0 lets the story decide")
      ->check(CLI::Range(0u, setting_limits::tokens))
      ->capture_default_str();
  app.add_option("--branches", o.branches, "Number of alternative answers to each message")
      ->check(CLI::Range(1u, setting_limits::branches))
      ->capture_default_str();
  app.add_flag("--named-events", o.named_events, "Send `event:` lines, as newer services do");
  app.add_option("--threads", a.threads, "Threads")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
}

/// Thousands of streams need thousands of sockets; shells allow 1,024 files.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void run(asio::io_context& loop, unsigned threads) {
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back([&loop] { loop.run(); });
  loop.run();
}

/// An address as written before a port.
std::string written(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

nekod::sim::options options_of(const arguments& a) {
  auto o = a.simulator;
  o.first_delay = std::chrono::milliseconds{a.first_delay_ms};
  o.delay = std::chrono::milliseconds{a.delay_ms};
  return o;
}

void serve(const arguments& a) {
  asio::io_context loop{static_cast<int>(a.threads)};
  asio::signal_set signals{loop, SIGINT, SIGTERM};
  signals.async_wait([&loop](const asio::error_code&, int) { loop.stop(); });
  nekod::sim::service service{loop, options_of(a)};
  spdlog::info("listening on {}:{}", written(a.simulator.host), service.port());
  run(loop, a.threads);
}

} // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("nekod-sim"));
  CLI::App app{"A simulator of the AnuNeko service and of an OpenAI-compatible server, for tests "
               "and benchmarks",
               "nekod-sim"};
  arguments a;
  declare(app, a);
  CLI11_PARSE(app, argc, argv);
  try {
    raise_file_limit();
    serve(a);
  } catch (const std::exception& e) {
    spdlog::error("cannot serve on {}:{}: {}", written(a.simulator.host), a.simulator.port,
                  e.what());
    return 1;
  }
  return 0;
}
