#pragma once

#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// The kinds of chat service that nekod can stand in front of.
enum class upstream_kind : std::uint8_t { anuneko, simulator };

/// Everything that can be set. Times are seconds with decimals on the way in.
struct settings {
  using seconds = std::chrono::duration<double>;

  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  /// 0 takes one a core.
  unsigned threads = 0;

  upstream_kind upstream = upstream_kind::anuneko;
  std::string anuneko_url = "https://anuneko.com/api/v1";
  /// Secret.
  std::string anuneko_token;
  /// Secret.
  std::string anuneko_cookie;
  /// A name for clients, and the upstream name or public id it stands for.
  std::vector<std::pair<std::string, std::string>> model_aliases;

  seconds session_ttl{7200};
  seconds session_idle{60};
  std::size_t session_queue = 16;

  std::size_t max_content_length = 16u << 20;
  std::size_t max_connections = 16'000;
  std::size_t max_streams = 10'000;
  std::size_t stream_buffer = 256u << 10;

  seconds connect_timeout{5};
  /// 0 takes `request_timeout`.
  seconds first_byte_timeout{0};
  seconds request_timeout{30};
  seconds answer_timeout{600};
  seconds write_timeout{60};
  seconds drain_timeout{30};
  seconds heartbeat{15};

  openai::language language = openai::language::zh;
  std::string log_level = "info";
  bool debug = false;
};

/// Why the program ends before it has begun.
struct exit_request {
  int code = 0;
  /// For standard output where *code* is 0, else for standard error.
  std::string text;
};

/// The settings in force: flags, then environment variables, then a file `.env` in the working
/// folder, then a TOML file, then defaults. All are checked; a wrong one is named.
std::variant<settings, exit_request> read_settings(int argc, const char* const* argv);

} // namespace nekod
