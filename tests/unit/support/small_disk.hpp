#pragma once

#include <sys/resource.h>

#include <csignal>

namespace nekod::test {

/// While it exists, no file of this process can grow beyond that number of bytes.
class small_disk {
public:
  explicit small_disk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~small_disk() { setrlimit(RLIMIT_FSIZE, &before_); }

  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

private:
  rlimit before_{};
};

} // namespace nekod::test
