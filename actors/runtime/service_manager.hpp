#pragma once

#include <chrono>
#include <optional>

/// What a program says to the service manager that started it (systemd), and hears from it. Without
/// one all of this does nothing.
namespace nekod::service_manager {

/// Requests are answered from now on, also after a reload.
void ready();

/// Settings are read again; `ready` ends it.
void reloading();

/// The program ends.
void stopping();

/// The program is well.
void feed_watchdog();

/// How often the manager wants to hear that, at the latest.
std::optional<std::chrono::microseconds> watchdog_limit();

/// The listening socket that was handed over; nothing where there is none.
/// @throws std::system_error where there is more than one.
std::optional<int> inherited_socket();

} // namespace nekod::service_manager
