#include "actors/runtime/process/start_wait.hpp"

#include "actors/runtime/process/service_manager.hpp"

#include <algorithm>
#include <thread>

namespace nekod {

namespace {

constexpr std::chrono::milliseconds longest{4000};
constexpr std::chrono::milliseconds step{50};

} // namespace

bool start_wait::wait() {
  const auto until = std::chrono::steady_clock::now() + next_;
  next_ = std::min(2 * next_, longest);
  while (std::chrono::steady_clock::now() < until) {
    if (told_to_end_())
      return false;
    service_manager::feed_watchdog();
    std::this_thread::sleep_for(step);
  }
  return true;
}

} // namespace nekod
