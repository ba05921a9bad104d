/// A library that, preloaded into a program, shifts its clock by the number of seconds in the file
/// that `NEKOD_TEST_CLOCK` names. CLOCK_MONOTONIC is not affected. (libfaketime would do for many
/// programs, but it also shifts the timers that Asio waits on.)

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

/// Reads the file each time, since it may have changed.
long offset() {
  const char* name = std::getenv("NEKOD_TEST_CLOCK");
  const int file = name == nullptr ? -1 : ::open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  char text[32] = {};
  const auto size = ::read(file, text, sizeof(text) - 1);
  ::close(file);
  return size > 0 ? std::strtol(text, nullptr, 10) : 0;
}

} // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* to) noexcept {
  const auto outcome = static_cast<int>(::syscall(SYS_clock_gettime, id, to));
  if (outcome == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    to->tv_sec += offset();
  return outcome;
}

int gettimeofday(timeval* to, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  to->tv_sec = now.tv_sec;
  to->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* to) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr)
    *to = now.tv_sec;
  return now.tv_sec;
}
}
