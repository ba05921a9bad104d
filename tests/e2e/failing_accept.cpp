/// accept(2) that fails first with the errors that NEKOD_ACCEPT_ERRORS lists as numbers, by blank.
/// A library that tests preload into nekod: the errors of a system in need are hard to come by.

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <string>

namespace {

/// The next error, or 0.
int next_error() {
  static std::mutex mutex;
  static std::istringstream list = [] {
    const char* text = std::getenv("NEKOD_ACCEPT_ERRORS");
    return std::istringstream{text == nullptr ? "" : text};
  }();
  std::lock_guard guard{mutex};
  int error = 0;
  list >> error;
  return error;
}

} // namespace

extern "C" int accept(int socket, sockaddr* address, socklen_t* size) {
  static auto* real =
      reinterpret_cast<int (*)(int, sockaddr*, socklen_t*)>(dlsym(RTLD_NEXT, "accept"));
  if (int error = next_error(); error != 0) {
    // These two are about a connection that was waiting and is gone with them.
    if (error == ECONNABORTED || error == EPROTO)
      close(real(socket, address, size));
    errno = error;
    return -1;
  }
  return real(socket, address, size);
}
