#pragma once

#include "bench/simulator/options.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace asio {
class io_context;
} // namespace asio

namespace nekod::sim {

/// A simulator of the AnuNeko service and of an OpenAI-compatible server, over real HTTP. It
/// records what it was sent, fails on request, and reports wrong use. Everything it keeps is
/// bounded. bench/simulator/README.md describes the calls below `/sim/` that control it.
class service {
public:
  /// Opens the port.
  /// @param loop The loop it runs on; its owner runs the loop.
  /// @throws std::system_error if the address cannot be bound.
  service(asio::io_context& loop, const options& o);
  ~service();

  service(const service&) = delete;
  service& operator=(const service&) = delete;

  std::uint16_t port() const noexcept;

  /// The value for nekod's `--anuneko-url`.
  std::string base_url() const;

  /// Stops accepting. Must not be called on the loop.
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace nekod::sim
