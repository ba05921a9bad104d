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

/// The life of the gateway: starts the parts of an `assembly`, reloads settings, drains, and stops
/// the parts in order.
class gateway {
public:
  /// Opens the ports; nothing is answered before `start`, unless a store that several nekods share
  /// cannot be reached: then this waits for it, and requests are refused meanwhile.
  /// @param told_to_end Asked while this waits.
  /// @throws start_error that names a setting that cannot be used; without an error if it was told
  /// to end.
  gateway(settings s, live_settings live, logs& log, std::function<bool()> told_to_end);
  ~gateway();

  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  /// Starts to answer, on its own threads.
  void start();

  /// Uses other settings, as far as they can change; the log names those that cannot.
  void reload(const settings& s);

  /// Makes the health check fail, and makes each answer close its connection.
  void announce_drain();

  /// Stops accepting connections, and closes those that wait for another request.
  void close_door();

  /// Refuses new work.
  void drain();

  /// The number of running answers.
  std::size_t open_answers() const;

  /// The number of connections of clients, idle ones included.
  std::size_t open_connections() const;

  /// Asks an actor a question, and calls *f* when it answers: the loops and actors work then.
  void check(std::function<void()> f);

  /// Ends all running answers and all threads.
  /// @returns false if clients do not read the end of their answers; the process has to end at once
  /// then.
  bool stop();

private:
  /// The number of API keys in force; nothing if any key is accepted.
  std::optional<std::size_t> keys_;
  std::unique_ptr<assembly> parts_;
};

} // namespace nekod
