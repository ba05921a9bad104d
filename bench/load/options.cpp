#include "bench/load/options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>

namespace nekod::load {
namespace {

/// The default limit on the connections of an open loop.
constexpr std::size_t open_clients = 1'000;

/// The definition of the command line, and the options it is parsed into.
class command_line {
public:
  command_line() {
    add_load();
    add_requests();
    add_expectations();
    add_output();
  }

  std::variant<options, exit_request> read(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& e) {
      std::ostringstream out;
      app_.exit(e, out, out);
      return exit_request{0, out.str()};
    } catch (const CLI::Error& e) {
      return wrong(e.what());
    }
    return finish();
  }

private:
  static exit_request wrong(const std::string& what) { return {2, "nekod-bench: " + what + "\n"}; }

  void add_time(const std::string& flag, options::seconds& target, const std::string& help) {
    app_.add_option_function<double>(
            flag, [&target](double value) { target = options::seconds{value}; },
            help + ", in seconds")
        ->check(CLI::Range(0.0, 1e6))
        ->default_str(number(target.count()));
  }

  static std::string number(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }

  void add_load() {
    app_.add_option("url", result_.url, "Base URL of the API, http[s]://HOST:PORT/v1")
        ->capture_default_str();
    app_.add_option("--threads", result_.threads, "Threads")
        ->check(CLI::Range(1u, 256u))
        ->capture_default_str();
    app_.add_option("--clients", result_.clients,
                    "Closed loop: number of clients, each of which sends its next request after "
                    "its last answer (1). With --rate: the most clients (1000)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
    app_.add_option("--rate", result_.rate,
                    "Open loop: requests per second, whether or not earlier ones have ended; times "
                    "count from each request's scheduled start")
        ->check(CLI::Range(0.001, 1e7));
    add_time("--duration", result_.duration, "Time in which requests are sent and counted");
    app_.add_option("--requests", result_.requests,
                    "Total number of requests, instead of --duration")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
    add_time("--warm-up", result_.warm_up,
             "Time before that, in which requests are sent but not counted");
    add_time("--ramp", result_.ramp, "Time over which the clients of a closed loop start");
    add_time("--think", result_.think,
             "Mean time from an answer to its client's next request, which varies by up to a half");
    add_time("--timeout", result_.timeout, "Longest time without a byte from the server");
    add_time("--grace", result_.grace, "Longest wait at the end for running answers");
  }

  void add_requests() {
    app_.add_option("--protocol", protocol_,
                    "openai, or anuneko for the service behind nekod, which always streams")
        ->check(CLI::IsMember({"openai", "anuneko"}))
        ->capture_default_str();
    app_.add_option("--api", api_,
                    "chat for /chat/completions, responses for /responses, with --protocol openai")
        ->check(CLI::IsMember({"chat", "responses"}))
        ->capture_default_str();
    app_.add_option("--aside", aside_,
                    "With --protocol anuneko: another server for the calls that create chats and "
                    "choose replies; the path is that of the base URL")
        ->type_name("URL");
    app_.add_flag("--stream", result_.stream, "Ask for streamed answers");
    app_.add_option("--turns", result_.turns, "Turns of a conversation; 0 for endless ones")
        ->capture_default_str();
    app_.add_option("--continue", by_,
                    "How a later turn continues its conversation: history sends all messages, "
                    "session a session_id, previous the id of the last response")
        ->check(CLI::IsMember({"history", "session", "previous"}))
        ->capture_default_str();
    app_.add_option("--model", result_.model, "Name of the model")->capture_default_str();
    app_.add_option("--message", result_.message,
                    "Text of each message; {conversation} and {turn} are replaced by their numbers")
        ->capture_default_str();
    for (const auto* word : {"tokens", "delay", "first"})
      app_.add_option_function<std::uint32_t>(
          "--" + std::string{word}, [this, word](std::uint32_t n) { add_directive(word, n); },
          "Directive for nekod-sim: adds [sim " + std::string{word} + "=N] to each message");
    app_.add_option("--api-key", result_.api_key, "Key to send as bearer token")
        ->envname("OPENAI_API_KEY");
    app_.add_option("--header", result_.headers, "Header field to send, 'NAME: VALUE'; repeatable")
        ->expected(1)
        ->take_all()
        ->check([](const std::string& text) {
          auto good = text.find(':') != text.npos && text.find_first_of("\r\n") == text.npos;
          return good ? std::string{} : std::string{"must be 'NAME: VALUE'"};
        });
  }

  void add_directive(const std::string& word, std::uint32_t n) {
    directives_ += " " + word + "=" + std::to_string(n);
  }

  void add_expectations() {
    app_.add_option_function<std::uint64_t>(
        "--expect-pieces", [this](std::uint64_t n) { result_.expected_pieces = n; },
        "Pieces of text that each streamed answer must have");
    app_.add_option("--expect-text", result_.expected_text,
                    "Text that each answer must contain, with the placeholders of --message");
    app_.add_option("--max-errors", result_.max_errors,
                    "Most errors with which the program still exits with 0")
        ->capture_default_str();
  }

  void add_output() {
    app_.add_option("--json", result_.json_file,
                    "File for the figures as JSON; - for standard output, instead of the table");
    app_.add_option(
            "--watch", result_.watched,
            "Also report the processor time of this process, such as the server; repeatable")
        ->expected(1)
        ->take_all()
        ->check(CLI::Range(1, 1 << 22));
    app_.add_flag("--quiet", result_.quiet, "No progress on standard error");
  }

  std::variant<options, exit_request> finish() {
    auto target = parse_url(result_.url);
    if (!target)
      return wrong("the base URL must be http[s]://HOST[:PORT][/PATH]: " + result_.url);
    result_.target = *target;
    if (!aside_.empty() && !(result_.aside = parse_url(aside_)))
      return wrong("--aside must be http[s]://HOST[:PORT]: " + aside_);
    result_.speaks = protocol_ == "anuneko" ? language::anuneko : language::openai;
    result_.stream = result_.stream || result_.speaks == language::anuneko;
    result_.api = api_ == "responses" ? api::responses : api::chat;
    result_.by = by_ == "session"    ? continuation::session
                 : by_ == "previous" ? continuation::previous
                                     : continuation::history;
    if (!directives_.empty())
      result_.message += " [sim" + directives_ + "]";
    return checked();
  }

  /// Checks combinations of flags.
  std::variant<options, exit_request> checked() {
    const auto open = result_.rate > 0;
    if (open && (result_.think.count() > 0 || result_.ramp.count() > 0))
      return wrong("--think and --ramp are for a closed loop, without --rate");
    if (result_.expected_pieces && !result_.stream)
      return wrong("--expect-pieces needs --stream");
    if (result_.speaks == language::anuneko && !result_.expected_text.empty())
      return wrong("--expect-text is for --protocol openai");
    const auto by_response = result_.api == api::responses;
    if (by_response && result_.speaks == language::anuneko)
      return wrong("--api is for --protocol openai");
    if (result_.by == continuation::previous && !by_response)
      return wrong("--continue previous needs --api responses");
    if (result_.requests == 0 && result_.duration.count() <= 0)
      return wrong("--duration must be more than 0");
    if (result_.clients == 0)
      result_.clients = open ? open_clients : 1;
    result_.threads =
        static_cast<unsigned>(std::min<std::size_t>(result_.threads, result_.clients));
    return result_;
  }

  CLI::App app_{"Puts load on an OpenAI-compatible server; measures and checks its answers",
                "nekod-bench"};
  options result_;
  std::string protocol_ = "openai";
  std::string api_ = "chat";
  std::string aside_;
  std::string by_ = "history";
  std::string directives_;
};

} // namespace

std::variant<options, exit_request> read_options(int argc, const char* const* argv) {
  return command_line{}.read(argc, argv);
}

} // namespace nekod::load
