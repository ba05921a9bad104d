#pragma once

#include "actors/runtime/logs/logging.hpp"
#include "config.hpp"
#include "reload.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace nekod {

struct assembly;

/// The process's life: starts what `assembly` put together, takes other settings, drains, and ends
/// the parts in order.
class gateway {
public:
  /// Opens the ports; nothing is answered before `start`.
  /// @throws start_error that says which setting cannot be used.
  gateway(settings s, live_settings live, logs& log);
  ~gateway();

  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  /// Answers from now on, on threads of its own.
  void start();

  /// Takes other settings, as far as they can change; the log says which cannot.
  void reload(const settings& s);

  /// Says to monitors, and with each answer to its client, that the end is near.
  void announce_drain();

  /// Takes no new connections, and closes those that wait for another request.
  void close_door();

  /// Takes no new work.
  void drain();

  /// Answers that still run.
  std::size_t open_answers() const;

  /// Connections of clients, idle ones included.
  std::size_t open_connections() const;

  /// Asks an actor a question over the loop, and calls *f* on its answer.
  void check(std::function<void()> f);

  /// Ends what still runs, and all threads.
  /// @returns false where clients do not read their last words; the process is to end at once then.
  bool stop();

private:
  /// API keys in force; none where any key is taken.
  std::optional<std::size_t> keys_;
  std::unique_ptr<assembly> parts_;
};

} // namespace nekod
