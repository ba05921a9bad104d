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

/// The simulator's options; all except the address can be changed at run time.
struct options {
  /// Whether calls with *key* are accepted.
  bool takes(std::string_view key) const noexcept;

  std::string host = "127.0.0.1";
  /// 0 lets the system pick one.
  std::uint16_t port = 0;
  /// The account tokens that calls must have, separated by commas; if empty, any is accepted.
  std::string token;
  std::vector<std::string> models{"Orange Cat", "Exotic Shorthair"};
  /// From a message to the reply's first event.
  std::chrono::milliseconds first_delay{0};
  /// Between two events of a reply; 0 sends as fast as the peer reads.
  std::chrono::milliseconds delay{0};
  /// Pieces of text in a reply; 0 lets the story decide.
  std::uint32_t tokens = 0;
  /// Alternative answers to each message; a choice is required in any case.
  std::uint32_t branches = 1;
  /// Whether events have `event:` lines, as in newer versions of the service.
  bool named_events = false;
};

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
