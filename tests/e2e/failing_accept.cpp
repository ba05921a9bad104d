/// An accept(2) that first fails with the errors in NEKOD_ACCEPT_ERRORS, which are numbers
/// separated by blanks. A library that tests preload into nekod, since such errors of the system
/// are hard to provoke.

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
    // These two errors belong to a waiting connection, which is lost with them.
    if (error == ECONNABORTED || error == EPROTO)
      close(real(socket, address, size));
    errno = error;
    return -1;
  }
  return real(socket, address, size);
}
