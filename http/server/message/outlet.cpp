#include "http/server/message/outlet.hpp"

#include <sys/socket.h>

namespace nekod::http {

std::size_t outlet::send(std::string_view bytes) const noexcept {
  if (socket_ == closed)
    return 0;
  const auto taken = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

} // namespace nekod::http
