#pragma once

#include "bench/load/url.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nekod::load {

/// What a server is spoken to in.
enum class language : std::uint8_t {
  openai,
  /// The service that nekod itself speaks to. Replies are always streams.
  anuneko,
};

/// How a conversation's later turns name what came before.
enum class continuation : std::uint8_t {
  /// The whole conversation is sent again, as ordinary clients do.
  history,
  /// A `session_id` of the client's making stands for it.
  session,
};

/// What is to be done to a server, and what is expected of it.
struct options {
  using seconds = std::chrono::duration<double>;

  std::string url = "http://127.0.0.1:8000/v1";
  /// *url*, taken apart.
  address target;
  /// Where requests go that only prepare a turn or settle what it left, if that is elsewhere.
  std::optional<address> aside;
  unsigned threads = 1;

  /// Clients at a time; 0 takes one for a closed loop and as many as are wanted, to a limit, for an
  /// open one.
  std::size_t clients = 0;
  /// Requests a second of an open loop; 0 for a closed one.
  double rate = 0;

  seconds duration{10};
  /// Requests to be counted; 0 for as many as there is time for.
  std::uint64_t requests = 0;
  seconds warm_up{0};
  seconds ramp{0};
  seconds think{0};
  seconds timeout{30};
  seconds grace{10};

  language speaks = language::openai;
  bool stream = false;
  /// Turns of a conversation; 0 for no end of it.
  std::uint64_t turns = 1;
  continuation by = continuation::history;
  std::string model = "mihoyo-orange_cat";
  /// May name `{conversation}` and `{turn}`.
  std::string message = "Tell me about {conversation}, part {turn}.";
  /// Secret.
  std::string api_key;
  /// Further fields, as they stand in a head.
  std::vector<std::string> headers;

  /// Pieces of text that each streamed answer must have.
  std::optional<std::uint64_t> expected_pieces;
  /// A text that each answer must hold, with the names of *message*; empty for any.
  std::string expected_text;
  /// Answers that may fail without the program failing.
  std::uint64_t max_errors = 0;

  /// Processes whose processor time is told.
  std::vector<pid_t> watched;

  /// Where the figures go as JSON; empty for nowhere, `-` for standard output in place of the
  /// table.
  std::string json_file;
  bool quiet = false;
};

/// Why the program ends before it has begun.
struct exit_request {
  int code = 0;
  /// For standard output where *code* is 0, else for standard error.
  std::string text;
};

/// Reads the command line, and OPENAI_API_KEY of the environment.
std::variant<options, exit_request> read_options(int argc, const char* const* argv);

} // namespace nekod::load
