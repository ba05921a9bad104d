#include "actors/runtime/node_hold.hpp"

#include <ctime>

namespace nekod {

boot_clock::time_point boot_clock::now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return time_point{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

void node_hold::renewed(clock::time_point sent, clock::duration lease,
                        clock::time_point now) noexcept {
  // The store may have heard it only now, after others had taken over.
  if (now.time_since_epoch().count() > end_)
    ++period_;
  end_ = (sent + lease).time_since_epoch().count();
}

bool node_hold::lasts(std::uint64_t period, clock::time_point now) const noexcept {
  // In this order: a period that begins meanwhile is not taken for the asked one.
  const auto in_time = now.time_since_epoch().count() <= end_;
  return in_time && period == period_;
}

} // namespace nekod
