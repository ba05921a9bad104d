/// A library that, preloaded into a program, stalls its writes to the disk as long as the file
/// exists that `NEKOD_TEST_HELD` names.

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

void wait_while_held() {
  const char* name = std::getenv("NEKOD_TEST_HELD");
  const timespec moment{0, 10'000'000};
  while (name != nullptr && ::access(name, F_OK) == 0)
    ::nanosleep(&moment, nullptr);
}

} // namespace

extern "C" {

int fsync(int file) {
  wait_while_held();
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int fdatasync(int file) {
  wait_while_held();
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
}
