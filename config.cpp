#include "config.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace nekod {

namespace {

using variables = std::map<std::string, std::string>;

std::string trim(const std::string& text) {
  constexpr const char* blanks = " \t\r";
  auto first = text.find_first_not_of(blanks);
  if (first == std::string::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// One line of a `.env` file: `NAME=value`, `export NAME="value"`, a comment after white space.
std::optional<std::pair<std::string, std::string>> parse_line(std::string line) {
  line = trim(line);
  if (line.empty() || line.front() == '#')
    return std::nullopt;
  if (line.compare(0, 7, "export ") == 0)
    line = trim(line.substr(7));
  auto equals = line.find('=');
  if (equals == std::string::npos)
    return std::nullopt;
  auto value = trim(line.substr(equals + 1));
  if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
    auto end = value.find(value.front(), 1);
    value = value.substr(1, end == std::string::npos ? end : end - 1);
  } else {
    value = trim(value.substr(0, std::min(value.find(" #"), value.size())));
  }
  return std::pair{trim(line.substr(0, equals)), value};
}

variables read_env_file(const std::string& path) {
  variables result;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    if (auto entry = parse_line(line))
      result.insert(std::move(*entry));
  return result;
}

/// Where a setting can come from besides its flag.
struct environment_names {
  std::string flag;
  std::vector<std::string> names;
};

/// The parser with what it fills in.
class setting_parser {
public:
  setting_parser() : app_("An OpenAI API in front of stateful chat services.", "nekod") {
    app_.set_version_flag("--version", NEKOD_VERSION);
    app_.set_config("--config", "", "TOML file with any of these settings  [NEKOD_CONFIG]");
    app_.get_config_ptr()->envname("NEKOD_CONFIG");
    add_listening();
    add_upstream();
    add_sessions();
    add_limits();
    add_times();
    add_output();
  }

  std::variant<settings, exit_request> parse(int argc, const char* const* argv) {
    try {
      auto arguments = with_environment({argv + 1, argv + argc});
      std::reverse(arguments.begin(), arguments.end()); // As CLI11 wants a vector.
      app_.parse(arguments);
      return finish();
    } catch (const CLI::Success& e) {
      std::ostringstream out;
      app_.exit(e, out, out);
      return exit_request{0, out.str()};
    } catch (const CLI::Error& e) {
      return exit_request{2, std::string{"nekod: "} + e.what() + "\n"};
    }
  }

private:
  template <class T>
  CLI::Option* add(const std::string& flag, T& target, const std::string& help,
                   std::vector<std::string> env) {
    auto text = help;
    for (const auto& name : env)
      text += (&name == &env.front() ? "  [" : ", ") + name;
    text += "]";
    environment_.push_back({flag, std::move(env)});
    return app_.add_option(flag, target, text)->capture_default_str()->take_last();
  }

  CLI::Option* add_time(const std::string& flag, settings::seconds& target, const std::string& help,
                        std::vector<std::string> env, double least = 0.001) {
    times_.push_back({target.count(), &target});
    return add(flag, times_.back().value, help + ", in seconds", std::move(env))
        ->check(CLI::Range(least, 1e8));
  }

  void add_listening() {
    add("--host", result_.host, "Address to listen on", {"HOST", "FLASK_HOST"});
    add("--port", result_.port, "Port to listen on; 0 lets the system pick one",
        {"PORT", "FLASK_PORT"});
    add("--threads", result_.threads, "Threads; 0 takes one a core", {"NEKOD_THREADS"})
        ->check(CLI::Range(0, 1024));
  }

  void add_upstream() {
    add("--upstream", upstream_, "Chat service to stand in front of", {"NEKOD_UPSTREAM"})
        ->check(CLI::IsMember({"anuneko", "simulator"}));
    add("--anuneko-url", result_.anuneko_url, "Base address of the AnuNeko service",
        {"ANUNEKO_BASE_URL"})
        ->check([](const std::string& url) {
          auto good = url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0;
          return good ? std::string{} : std::string{"must begin with http:// or https://"};
        });
    add("--anuneko-token", result_.anuneko_token, "Account token; required for anuneko",
        {"ANUNEKO_TOKEN"});
    add("--anuneko-cookie", result_.anuneko_cookie, "Account cookie", {"ANUNEKO_COOKIE"});
    environment_.push_back({"--model-alias", {"MODEL_MAPPING"}});
    app_.add_option("--model-alias", aliases_,
                    "NAME=MODEL: a name for clients, and the model it stands for; may be repeated, "
                    "or several by comma  [MODEL_MAPPING]")
        ->delimiter(',')
        ->check([](const std::string& text) {
          auto equals = text.find('=');
          auto good = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
          return good ? std::string{} : std::string{"must be NAME=MODEL"};
        });
  }

  void add_sessions() {
    add("--store", store_, "Where sessions are kept", {"NEKOD_STORE"})
        ->check(CLI::IsMember({"memory"}));
    add_time("--session-ttl", result_.session_ttl,
             "Time without use after which a session is forgotten", {"SESSION_TTL"});
    add_time("--session-idle", result_.session_idle,
             "Time without turns after which a session's actor leaves memory",
             {"NEKOD_SESSION_IDLE"});
    add("--session-queue", result_.session_queue, "Turns that may wait in one session",
        {"NEKOD_SESSION_QUEUE"})
        ->check(CLI::Range(0, 100'000));
  }

  void add_limits() {
    add("--max-content-length", result_.max_content_length, "Longest request body, in bytes",
        {"MAX_CONTENT_LENGTH"})
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32));
    add("--max-connections", result_.max_connections, "Connections at a time",
        {"NEKOD_MAX_CONNECTIONS"})
        ->check(CLI::Range(1, 1'000'000));
    add("--max-streams", result_.max_streams, "Requests being answered at a time",
        {"NEKOD_MAX_STREAMS"})
        ->check(CLI::Range(1, 1'000'000));
    add("--stream-buffer", result_.stream_buffer,
        "Bytes of an answer that may wait for a slow client, in bytes", {"NEKOD_STREAM_BUFFER"})
        ->check(CLI::Range(std::size_t{1} << 12, std::size_t{1} << 30));
  }

  void add_times() {
    add_time("--connect-timeout", result_.connect_timeout, "Longest time to connect upstream",
             {"NEKOD_CONNECT_TIMEOUT"});
    add_time("--first-byte-timeout", result_.first_byte_timeout,
             "Longest time to the first byte from upstream; 0 takes --request-timeout",
             {"NEKOD_FIRST_BYTE_TIMEOUT"}, 0);
    add_time("--request-timeout", result_.request_timeout,
             "Longest time without a byte from upstream", {"REQUEST_TIMEOUT"});
    add_time("--answer-timeout", result_.answer_timeout, "Longest time for a whole answer",
             {"NEKOD_ANSWER_TIMEOUT"});
    add_time("--write-timeout", result_.write_timeout,
             "Longest time for a client to take what is written to it", {"NEKOD_WRITE_TIMEOUT"}, 1);
    add_time("--drain-timeout", result_.drain_timeout,
             "Longest time for running answers to end after SIGTERM", {"NEKOD_DRAIN_TIMEOUT"});
    add_time("--heartbeat", result_.heartbeat, "Longest silence of a stream", {"NEKOD_HEARTBEAT"});
  }

  void add_output() {
    add("--language", language_, "Language of error texts", {"NEKOD_LANGUAGE"})
        ->check(CLI::IsMember({"zh", "en"}));
    add("--log-level", result_.log_level, "Least important messages that are logged", {"LOG_LEVEL"})
        ->transform(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"},
                                  CLI::ignore_case));
    environment_.push_back({"--debug", {"FLASK_DEBUG"}});
    app_.add_flag("--debug,!--no-debug", result_.debug, "Log at level debug  [FLASK_DEBUG]");
  }

  /// The arguments, with those added whose flags are missing and whose variables are set.
  std::vector<std::string> with_environment(std::vector<std::string> arguments) const {
    auto file = read_env_file(".env");
    auto given = [&](const std::string& flag) {
      return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& a) {
        return a == flag || a.compare(0, flag.size() + 1, flag + "=") == 0;
      });
    };
    std::vector<std::string> added;
    for (const auto& [flag, names] : environment_)
      if (auto value = value_of(names, file); value && !given(flag))
        added.push_back(flag + "=" + *value);
    arguments.insert(arguments.begin(), added.begin(), added.end());
    return arguments;
  }

  static std::optional<std::string> value_of(const std::vector<std::string>& names,
                                             const variables& file) {
    for (const auto& name : names)
      if (const auto* value = std::getenv(name.c_str()); value != nullptr && *value != '\0')
        return value;
    for (const auto& name : names)
      if (auto i = file.find(name); i != file.end() && !i->second.empty())
        return i->second;
    return std::nullopt;
  }

  std::variant<settings, exit_request> finish() {
    for (const auto& t : times_)
      *t.target = settings::seconds{t.value};
    if (result_.first_byte_timeout.count() == 0)
      result_.first_byte_timeout = result_.request_timeout;
    result_.upstream = upstream_ == "simulator" ? upstream_kind::simulator : upstream_kind::anuneko;
    result_.language = language_ == "en" ? openai::language::en : openai::language::zh;
    for (const auto& alias : aliases_) {
      auto equals = alias.find('=');
      result_.model_aliases.emplace_back(trim(alias.substr(0, equals)),
                                         trim(alias.substr(equals + 1)));
    }
    while (!result_.anuneko_url.empty() && result_.anuneko_url.back() == '/')
      result_.anuneko_url.pop_back();
    if (result_.debug)
      result_.log_level = "debug";
    if (result_.upstream == upstream_kind::anuneko && result_.anuneko_token.empty())
      return exit_request{2, "Token 未提供，请设置 ANUNEKO_TOKEN 环境变量或直接传入 token 参数\n"};
    return result_;
  }

  /// A time on its way in; a deque keeps the addresses.
  struct time_setting {
    double value;
    settings::seconds* target;
  };

  CLI::App app_;
  settings result_;
  std::deque<time_setting> times_;
  std::vector<environment_names> environment_;
  std::string upstream_ = "anuneko";
  std::string store_ = "memory";
  std::string language_ = "zh";
  std::vector<std::string> aliases_;
};

} // namespace

std::variant<settings, exit_request> read_settings(int argc, const char* const* argv) {
  return setting_parser{}.parse(argc, argv);
}

} // namespace nekod
