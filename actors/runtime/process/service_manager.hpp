#pragma once

#include <chrono>
#include <optional>

/// Messages between the program and the service manager that started it (systemd). Without one all
/// functions do nothing.
namespace nekod::service_manager {

/// Requests are answered from now on; also after a reload.
void ready();

/// Settings are being read again; `ready` ends this.
void reloading();

/// The program is ending.
void stopping();

/// The program works.
void feed_watchdog();

/// The longest time between two calls of `feed_watchdog`, if the manager wants any.
std::optional<std::chrono::microseconds> watchdog_limit();

/// The inherited listening socket; nothing if there is none.
/// @throws std::system_error if there is more than one.
std::optional<int> inherited_socket();

} // namespace nekod::service_manager
