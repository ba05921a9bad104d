#include "actors/runtime/process/service_manager.hpp"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace nekod::service_manager {

void ready() { sd_notify(0, "READY=1"); }

void reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  auto microseconds = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  auto text = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds);
  sd_notify(0, text.c_str());
}

void stopping() { sd_notify(0, "STOPPING=1"); }

void feed_watchdog() { sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_limit() {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0)
    return std::nullopt;
  return std::chrono::microseconds{limit};
}

std::optional<int> inherited_socket() {
  // Removes the variables, which programs started by nekod must not inherit.
  constexpr int unset = 1;
  auto count = sd_listen_fds(unset);
  if (count > 1)
    throw std::system_error{E2BIG, std::generic_category(), "more than one inherited socket"};
  if (count <= 0)
    return std::nullopt;
  return SD_LISTEN_FDS_START;
}

} // namespace nekod::service_manager
