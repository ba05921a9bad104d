#include "actors/runtime/logs/logging.hpp"
#include "actors/runtime/process/caretaker.hpp"
#include "actors/runtime/process/service_manager.hpp"
#include "actors/runtime/process/start_error.hpp"
#include "actors/store/moving/sessions_command.hpp"
#include "actors/store/postgres/store_command.hpp"
#include "config.hpp"
#include "gateway.hpp"
#include "http/server/gate/keys_command.hpp"
#include "part_options.hpp"
#include "reload.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <variant>

/// nekod: reads the settings, starts the gateway, and looks after the process until its end.
namespace {

using namespace nekod;

/// Runs before all constructors, those of libraries included, since they take much of the time to
/// start: a signal to reload must not end the process meanwhile.
[[gnu::section(".preinit_array"),
  gnu::used]] void (*const hold_reload_first)() = &caretaker::hold_reload;

/// Prints why the program ends before it has started.
/// @returns its exit code.
int leave(const exit_request& ending) {
  (ending.code == 0 ? std::cout : std::cerr) << ending.text;
  return ending.code;
}

/// Prints the settings in force as TOML, with secrets masked.
void show(const settings& s) {
  // A setting without a value is shown as a comment.
  for (const auto& setting : s.shown)
    std::cout << (setting.value.empty() ? "# " : "") << setting.name << " = " << setting.value
              << "\n";
  // Without tables, the upstream is among the settings.
  if (s.has_tables)
    for (const auto& u : s.upstreams)
      std::cout << shown_table(u);
}

/// Reads the settings again, and passes them to *house*.
void reload(gateway& house, int argc, const char* const* argv) {
  service_manager::reloading();
  try {
    auto read = read_settings(argc, argv);
    if (auto* refused = std::get_if<exit_request>(&read))
      spdlog::error("reload refused: {}", refused->text);
    else
      house.reload(std::get<settings>(read));
  } catch (const std::exception& e) {
    spdlog::error("reload refused: {}", e.what());
  }
  service_manager::ready();
}

int run(settings s, live_settings live, int argc, const char* const* argv) {
  logs log{log_options_of(s)};
  using std::chrono::milliseconds;
  auto drain_delay = std::chrono::duration_cast<milliseconds>(s.drain_delay);
  auto drain_limit = std::chrono::duration_cast<milliseconds>(s.drain_timeout);
  caretaker care;
  gateway house{std::move(s), std::move(live), log, [&care] { return care.told_to_end(); }};
  house.start();
  service_manager::ready();

  duties d;
  d.reload = [&] {
    log.reopen();
    reload(house, argc, argv);
  };
  d.announce_drain = [&] {
    service_manager::stopping();
    house.announce_drain();
  };
  d.close_door = [&] { house.close_door(); };
  d.begin_drain = [&] { house.drain(); };
  d.open_answers = [&] { return house.open_answers(); };
  d.open_connections = [&] { return house.open_connections(); };
  d.last_words = [&] { log.finish(); };
  d.check = [&](auto well) { house.check(std::move(well)); };
  care.work(std::move(d), drain_delay, drain_limit);

  auto whole = house.stop();
  log.finish();
  if (!whole)
    std::_Exit(0);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  // A write to a peer or log reader that is gone, or to a file of the greatest allowed size, fails
  // with an error. It must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  if (argc > 1 && std::strcmp(argv[1], "keys") == 0)
    return run_keys_command(argc - 1, argv + 1);
  if (argc > 1 && std::strcmp(argv[1], "store") == 0)
    return run_store_command(argc - 1, argv + 1);
  if (argc > 1 && std::strcmp(argv[1], "sessions") == 0)
    return run_sessions_command(argc - 1, argv + 1);
  try {
    auto read = read_settings(argc, argv);
    if (auto* ending = std::get_if<exit_request>(&read))
      return leave(*ending);
    auto& s = std::get<settings>(read);
    auto live = load_live_settings(s);
    if (!live)
      return leave({live.error().code, "nekod: " + live.error().text + "\n"});
    if (s.check_config) {
      show(s);
      return 0;
    }
    return run(std::move(s), std::move(*live), argc, argv);
  } catch (const start_error& e) {
    return leave({e.code(), std::string{"nekod: "} + e.what() + "\n"});
  } catch (const std::exception& e) { // For example, no memory, descriptor or thread.
    return leave({exit_code::passing, std::string{"nekod: "} + e.what() + "\n"});
  }
}
