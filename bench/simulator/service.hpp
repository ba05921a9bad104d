#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace asio {
class io_context;
} // namespace asio

namespace nekod::sim {

/// How the simulator behaves from its start; all but the address can be changed while it runs.
struct options {
  /// Whether calls may carry *key*.
  bool takes(std::string_view key) const noexcept;

  std::string host = "127.0.0.1";
  /// 0 lets the system pick one.
  std::uint16_t port = 0;
  /// The account token that calls must carry, or several by comma; empty takes any.
  std::string token;
  std::vector<std::string> models{"Orange Cat", "Exotic Shorthair"};
  /// From a message to the reply's first event.
  std::chrono::milliseconds first_delay{0};
  /// Between two events of a reply; 0 sends as fast as the peer reads.
  std::chrono::milliseconds delay{0};
  /// Pieces of text a reply has; 0 lets the story decide.
  std::uint32_t tokens = 0;
  /// Alternative answers to each message; a choice is asked for in any case.
  std::uint32_t branches = 1;
  /// Whether events carry `event:` lines, as newer services do.
  bool named_events = false;
};

/// A look-alike of the AnuNeko service, and of an OpenAI-compatible one, over real HTTP, with books
/// of what it was sent, faults on request, and a report of wrong use. Everything it keeps is
/// bounded. bench/simulator/README.md describes the calls below `/sim/` that steer it.
class service {
public:
  /// Opens the port.
  /// @param loop Where it runs; whoever owns it runs the loop.
  /// @throws std::system_error where the address cannot be bound.
  service(asio::io_context& loop, const options& o);
  ~service();

  service(const service&) = delete;
  service& operator=(const service&) = delete;

  std::uint16_t port() const noexcept;

  /// What to give nekod as `--anuneko-url`.
  std::string base_url() const;

  /// Stops accepting. Must not be called on the loop.
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace nekod::sim
