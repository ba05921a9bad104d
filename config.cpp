#include "config.hpp"

#include "config_sources.hpp"
#include "http/server/client_address.hpp"
#include "http/server/rate_limit.hpp"
#include "http/server/server.hpp"
#include "http/server/text.hpp"
#include "protocol/json.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <deque>
#include <iomanip>
#include <map>
#include <optional>
#include <sstream>

namespace nekod {

namespace {

/// What is to be known of a setting besides its option.
struct setting_source {
  std::string flag;
  std::vector<std::string> environment;
  /// The name of its credential; empty for none.
  std::string credential;
};

bool is_number(const std::string& text) {
  double number = 0;
  return CLI::detail::lexical_cast(text, number);
}

/// Digits as people write them.
std::string plain_number(double number) {
  std::ostringstream out;
  out << std::setprecision(15) << number;
  return out.str();
}

/// A value as TOML writes it.
std::string toml_value(const std::string& text) {
  if (is_number(text) || text == "true" || text == "false")
    return text;
  std::string out;
  json::append_quoted(out, text);
  return out;
}

/// Makes a check of CLI11's from a parser of ours.
template <class Parse>
auto accepted_by(Parse parse) {
  return [parse](const std::string& text) {
    auto parsed = parse(text);
    return parsed ? std::string{} : parsed.error();
  };
}

/// The parser with what it fills in.
class setting_parser {
public:
  setting_parser() : app_("An OpenAI API in front of stateful chat services.", "nekod") {
    app_.set_version_flag("--version", NEKOD_VERSION);
    app_.set_config("--config", "", "TOML file with any of these settings  [NEKOD_CONFIG]");
    app_.get_config_ptr()->envname("NEKOD_CONFIG");
    app_.allow_config_extras(CLI::config_extras_mode::error);
    app_.add_flag("--check-config", result_.check_config,
                  "Print the settings in force, secrets masked, and exit")
        ->configurable(false);
    add_listening();
    add_upstream();
    add_sessions();
    add_admission();
    add_tls();
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
    } catch (const CLI::ConfigError& e) {
      return exit_request{2, std::string{"nekod: the file of --config: "} + e.what() + "\n"};
    } catch (const CLI::Error& e) {
      return exit_request{2, "nekod: " + with_source(e.what()) + "\n"};
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
    sources_.push_back({flag, std::move(env), {}});
    return app_.add_option(flag, target, text)->capture_default_str()->take_last();
  }

  /// One that may come as a credential, and is not shown.
  void add_secret(const std::string& flag, std::string& target, const std::string& help,
                  std::vector<std::string> env) {
    add(flag, target, help, std::move(env));
    sources_.back().credential = flag.substr(2);
  }

  CLI::Option* add_time(const std::string& flag, settings::seconds& target, const std::string& help,
                        std::vector<std::string> env, double least = 0.001) {
    times_.push_back({target.count(), &target});
    return add(flag, times_.back().value, help + ", in seconds", std::move(env))
        ->default_str(plain_number(target.count()))
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
    add_secret("--anuneko-token", result_.anuneko_token, "Account token; required for anuneko",
               {"ANUNEKO_TOKEN"});
    add_secret("--anuneko-cookie", result_.anuneko_cookie, "Account cookie", {"ANUNEKO_COOKIE"});
    add_time("--models-age", result_.models_age,
             "Time after which the upstream's list of models is asked for again",
             {"NEKOD_MODELS_AGE"});
    sources_.push_back({"--model-alias", {"MODEL_MAPPING"}, {}});
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

  void add_admission() {
    add("--api-keys", result_.api_keys, "File of API keys; without one any key is taken",
        {"NEKOD_API_KEYS"});
    add("--rate-limit", result_.rate_limit,
        "Requests a key or address may send, such as '200 per day; 50 per hour'", {"RATE_LIMIT"})
        ->check(accepted_by(http::parse_rate_limit));
    add("--chat-rate-limit", result_.chat_rate_limit, "Chats it may send, such as '10 per minute'",
        {"CHAT_RATE_LIMIT"})
        ->check(accepted_by(http::parse_rate_limit));
    add("--trusted-proxies", result_.trusted_proxies,
        "Addresses and networks whose X-Forwarded-For is believed, by comma",
        {"NEKOD_TRUSTED_PROXIES"})
        ->check(accepted_by(http::parse_networks));
  }

  void add_tls() {
    add("--tls-cert", result_.tls_cert, "Certificate chain, a PEM file", {"TLS_CERT"});
    add("--tls-key", result_.tls_key, "Its private key, a PEM file", {"TLS_KEY"});
    add("--tls-redirect-port", result_.tls_redirect_port,
        "Port of plain HTTP that redirects to the one with TLS; 0 lets the system pick one",
        {"NEKOD_TLS_REDIRECT_PORT"});
    add_time("--hsts", result_.hsts,
             "How long browsers are told to come with TLS only; 0 for no word of it",
             {"NEKOD_HSTS"}, 0);
  }

  void add_limits() {
    constexpr std::size_t least = 256;
    constexpr std::size_t most = http::max_request_head - (16u << 10);
    add("--max-header-size", result_.max_header_size,
        "Longest header fields of a request, in bytes", {"NEKOD_MAX_HEADER_SIZE"})
        ->check(CLI::Range(least, most));
    add("--max-url-size", result_.max_url_size, "Longest address of a request, in bytes",
        {"NEKOD_MAX_URL_SIZE"})
        ->check(CLI::Range(std::size_t{16}, most));
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
    add_time("--read-timeout", result_.read_timeout,
             "Longest time for a request to arrive, and between two of one connection",
             {"NEKOD_READ_TIMEOUT"}, 1);
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
    add("--log-path", result_.log_path,
        "Folder for a log file besides standard error, or a file that ends in .log; rotates at 10 "
        "MB",
        {"LOG_PATH"});
    add("--log-name", result_.log_name, "Name of the log file in that folder", {"LOG_NAME"});
    add("--log-format", log_format_, "Form of log lines", {"LOG_FORMAT"})
        ->check(CLI::IsMember({"text", "json"}));
    sources_.push_back({"--debug", {"FLASK_DEBUG"}, {}});
    app_.add_flag("--debug,!--no-debug", result_.debug, "Log at level debug  [FLASK_DEBUG]");
  }

  /// The arguments, with those added whose flags are missing and whose variables are set.
  std::vector<std::string> with_environment(std::vector<std::string> arguments) {
    const environment found;
    auto given = [&](const std::string& flag) {
      return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& a) {
        return a == flag || a.compare(0, flag.size() + 1, flag + "=") == 0;
      });
    };
    std::vector<std::string> added;
    for (const auto& source : sources_) {
      auto value = found.find(source.environment, source.credential);
      if (!value || given(source.flag))
        continue;
      added.push_back(source.flag + "=" + value->value);
      found_in_[source.flag] = value->source;
    }
    arguments.insert(arguments.begin(), added.begin(), added.end());
    return arguments;
  }

  /// CLI11's words on a wrong value, with where it came from if that is no flag.
  std::string with_source(std::string text) const {
    for (const auto& [flag, source] : found_in_) {
      auto at = text.find(flag);
      auto end = at + flag.size();
      if (at != std::string::npos && (end == text.size() || text[end] == ':' || text[end] == ' '))
        return text + " (from " + source + ")";
    }
    return text;
  }

  /// What each setting came out as.
  std::vector<shown_setting> show() const {
    static constexpr std::string_view reloadable[] = {
        "--api-keys", "--rate-limit",  "--chat-rate-limit", "--trusted-proxies", "--tls-cert",
        "--tls-key",  "--model-alias", "--log-level",       "--debug",
    };
    std::vector<shown_setting> result;
    for (const auto& source : sources_) {
      const auto* option = app_.get_option(source.flag);
      auto can_change = std::find(std::begin(reloadable), std::end(reloadable), source.flag) !=
                        std::end(reloadable);
      result.push_back({source.flag.substr(2), shown_value(source, *option), can_change});
    }
    return result;
  }

  static std::string shown_value(const setting_source& source, const CLI::Option& option) {
    auto values = option.count() > 0 ? option.reduced_results() : CLI::results_t{};
    if (!source.credential.empty())
      return values.empty() || values.front().empty() ? R"("")" : R"("***")";
    if (source.flag == "--model-alias") {
      std::string list;
      for (const auto& value : values)
        list += (list.empty() ? "" : ", ") + toml_value(value);
      return "[" + list + "]";
    }
    if (source.flag == "--debug")
      return values.empty() ? "false" : values.front();
    if (source.flag == "--tls-redirect-port")
      return values.empty() ? "" : values.front();
    return toml_value(values.empty() ? option.get_default_str() : values.front());
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
      result_.model_aliases.emplace_back(http::trim(std::string_view{alias}.substr(0, equals)),
                                         http::trim(std::string_view{alias}.substr(equals + 1)));
    }
    while (!result_.anuneko_url.empty() && result_.anuneko_url.back() == '/')
      result_.anuneko_url.pop_back();
    if (result_.debug)
      result_.log_level = "debug";
    result_.log_format = log_format_ == "json" ? log_format::json : log_format::text;
    result_.shown = show();
    if (result_.tls_cert.empty() != result_.tls_key.empty())
      return exit_request{2, "nekod: --tls-cert and --tls-key go together\n"};
    if (result_.tls_redirect_port && result_.tls_cert.empty())
      return exit_request{2, "nekod: --tls-redirect-port wants --tls-cert\n"};
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
  std::vector<setting_source> sources_;
  /// The flags that were set by something else, and by what.
  std::map<std::string, std::string> found_in_;
  std::string upstream_ = "anuneko";
  std::string store_ = "memory";
  std::string language_ = "zh";
  std::string log_format_ = "text";
  std::vector<std::string> aliases_;
};

} // namespace

std::variant<settings, exit_request> read_settings(int argc, const char* const* argv) {
  return setting_parser{}.parse(argc, argv);
}

} // namespace nekod
