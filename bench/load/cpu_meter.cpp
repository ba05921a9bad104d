#include "bench/load/cpu_meter.hpp"

#include <time.h>
#include <unistd.h>

namespace nekod::load {
namespace {

/// The processor time so far of all threads of a process, in seconds. More precise than `/proc`.
std::optional<double> processor_time(pid_t pid) {
  clockid_t id{};
  timespec t{};
  if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &t) != 0)
    return std::nullopt;
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

} // namespace

void cpu_meter::stop() {
  if (!end_)
    end_ = now();
}

std::optional<double> cpu_meter::watched() const {
  if (watched_.empty() || !end_ || !begin_.watched || !end_->watched)
    return std::nullopt;
  return *end_->watched - *begin_.watched;
}

cpu_meter::reading cpu_meter::now() const {
  reading r;
  r.own = processor_time(getpid()).value_or(0);
  for (const auto pid : watched_) {
    const auto time = processor_time(pid);
    r.watched = time && r.watched ? std::optional{*r.watched + *time} : std::nullopt;
  }
  return r;
}

} // namespace nekod::load
