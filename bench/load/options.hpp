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

/// The protocol of a server.
enum class language : std::uint8_t {
  openai,
  /// The service behind nekod. Its replies are always streams.
  anuneko,
};

/// The API that a server of OpenAI's protocol is asked by.
enum class api : std::uint8_t { chat, responses };

/// How later turns of a conversation refer to earlier ones.
enum class continuation : std::uint8_t {
  /// By sending the whole conversation again, as ordinary clients do.
  history,
  /// By a `session_id` that the client made.
  session,
  /// By the id of the response before.
  previous,
};

/// A run: the load on a server, and what is expected of its answers.
struct options {
  using seconds = std::chrono::duration<double>;

  std::string url = "http://127.0.0.1:8000/v1";
  /// The parts of *url*.
  address target;
  /// The address for requests that only prepare or settle a turn, if it differs.
  std::optional<address> aside;
  unsigned threads = 1;

  /// Concurrent clients; 0 for one in a closed loop, and as many as needed, up to a limit, in an
  /// open one.
  std::size_t clients = 0;
  /// Requests per second of an open loop; 0 for a closed one.
  double rate = 0;

  seconds duration{10};
  /// The number of requests that count; 0 for no limit but time.
  std::uint64_t requests = 0;
  seconds warm_up{0};
  seconds ramp{0};
  seconds think{0};
  seconds timeout{30};
  seconds grace{10};

  language speaks = language::openai;
  load::api api = load::api::chat;
  bool stream = false;
  /// Turns of a conversation; 0 for endless ones.
  std::uint64_t turns = 1;
  continuation by = continuation::history;
  std::string model = "mihoyo-orange_cat";
  /// May contain `{conversation}` and `{turn}`.
  std::string message = "Tell me about {conversation}, part {turn}.";
  /// Secret.
  std::string api_key;
  /// Further header fields as written.
  std::vector<std::string> headers;

  /// The number of pieces of text in each streamed answer.
  std::optional<std::uint64_t> expected_pieces;
  /// A text that each answer must contain, with the placeholders of *message*; empty for any.
  std::string expected_text;
  /// The number of failed answers up to which the exit code is 0.
  std::uint64_t max_errors = 0;

  /// Processes whose processor time is reported.
  std::vector<pid_t> watched;

  /// The file for the figures as JSON; empty for none, `-` for standard output instead of the
  /// table.
  std::string json_file;
  bool quiet = false;
};

/// Ends the program before the run.
struct exit_request {
  int code = 0;
  /// For standard output if *code* is 0, else for standard error.
  std::string text;
};

/// Reads the command line, and the variable OPENAI_API_KEY.
std::variant<options, exit_request> read_options(int argc, const char* const* argv);

} // namespace nekod::load
