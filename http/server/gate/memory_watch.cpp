#include "http/server/gate/memory_watch.hpp"

#include <unistd.h>

#include <fstream>

namespace nekod::http {

namespace {

/// How old an answer may be: the system needs some microseconds for it, and bodies of many MiB come
/// within some tens of milliseconds.
constexpr std::chrono::milliseconds freshness{10};

std::size_t resident_now() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

std::size_t memory_watch::resident() {
  auto now = clock::now();
  auto looked = looked_.load();
  if (now - looked >= freshness && looked_.compare_exchange_strong(looked, now))
    bytes_ = resident_now();
  return bytes_;
}

} // namespace nekod::http
