#include "config.hpp"

#include "http/server/api/pass_paths.hpp"
#include "http/server/gate/client_address.hpp"
#include "http/server/gate/origin_rules.hpp"
#include "http/server/gate/rate_limit.hpp"
#include "http/server/listen/server.hpp"
#include "http/server/message/text.hpp"
#include "setting_reader.hpp"
#include "upstream_flags.hpp"

#include <algorithm>
#include <string_view>

namespace nekod {

namespace {

/// Makes a check of CLI11's from a parser of ours.
template <class Parse>
auto accepted_by(Parse parse) {
  return [parse](const std::string& text) {
    auto parsed = parse(text);
    return parsed ? std::string{} : parsed.error();
  };
}

/// The file that `sqlite:FILE` names; empty where *store* is nothing of the kind.
std::string file_of_store(const std::string& store) {
  constexpr std::string_view kind = "sqlite:";
  return store.rfind(kind, 0) == 0 ? store.substr(kind.size()) : std::string{};
}

/// The settings as they are announced, and what they are before they are checked together.
class announced_settings {
public:
  announced_settings()
      : reader_("An OpenAI API in front of stateful chat services.", "nekod", "upstreams") {
    reader_.app().set_version_flag("--version", NEKOD_VERSION);
    reader_.app()
        .add_flag("--check-config", result_.check_config,
                  "Print the settings in force, secrets masked, and exit")
        ->configurable(false);
    add_listening();
    upstreams_.announce(reader_);
    add_models();
    add_sessions();
    add_admission();
    add_tls();
    add_limits();
    add_times();
    add_output();
  }

  std::variant<settings, exit_request> read(int argc, const char* const* argv) {
    if (auto ending = reader_.read(argc, argv))
      return *ending;
    return finish();
  }

private:
  void add_listening() {
    reader_.add("--host", result_.host, "Address to listen on", {"HOST", "FLASK_HOST"});
    reader_.add("--port", result_.port, "Port to listen on; 0 lets the system pick one",
                {"PORT", "FLASK_PORT"});
    reader_.add("--threads", result_.threads, "Threads; 0 takes one a core", {"NEKOD_THREADS"})
        ->check(CLI::Range(0, 1024));
  }

  void add_models() {
    reader_.add_time("--models-age", result_.models_age,
                     "Time after which the upstream's list of models is asked for again",
                     {"NEKOD_MODELS_AGE"});
    reader_
        .add_list(
            "--model-alias", aliases_,
            "NAME=MODEL: a name for clients, and the model it stands for; may be repeated, or "
            "several by comma",
            {"MODEL_MAPPING"})
        ->check([](const std::string& text) {
          auto equals = text.find('=');
          auto good = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
          return good ? std::string{} : std::string{"must be NAME=MODEL"};
        });
    reader_.can_change();
  }

  void add_sessions() {
    reader_
        .add("--store", store_, "Where sessions are kept: memory, or sqlite:FILE", {"NEKOD_STORE"})
        ->check([](const std::string& text) {
          auto good = text == "memory" || !file_of_store(text).empty();
          return good ? std::string{} : std::string{"must be memory or sqlite:FILE"};
        });
    reader_
        .add("--store-text", store_text_,
             "What is kept of messages: full, with which a new chat can be told of the old one, or "
             "digest",
             {"NEKOD_STORE_TEXT"})
        ->check(CLI::IsMember({"full", "digest"}));
    reader_.add_time("--session-ttl", result_.session_ttl,
                     "Time without use after which a session is forgotten", {"SESSION_TTL"});
    reader_.add_time("--session-max-age", result_.session_max_age,
                     "Time since its beginning after which a session is forgotten; 0 for none",
                     {"SESSION_MAX_AGE"}, 0);
    reader_.add_time("--session-idle", result_.session_idle,
                     "Time without turns after which a session's actor leaves memory",
                     {"NEKOD_SESSION_IDLE"});
    reader_
        .add("--session-matching", matching_,
             "Recognise a conversation by the history that a request tells",
             {"NEKOD_SESSION_MATCHING"})
        ->check(CLI::IsMember({"on", "off"}));
    reader_
        .add("--session-header", session_header_,
             "The meaning of an X-Session-Id that names no session: scope, which groups requests "
             "and "
             "keeps them apart, or name, of a session that begins",
             {"NEKOD_SESSION_HEADER"})
        ->check(CLI::IsMember({"scope", "name"}));
    reader_
        .add("--transcript-messages", result_.transcript_messages,
             "Messages a request may have, and a conversation that is told to a server which "
             "remembers nothing",
             {"NEKOD_TRANSCRIPT_MESSAGES"})
        ->check(CLI::Range(1, 1'000'000));
    reader_
        .add("--transcript-size", result_.transcript_size,
             "Longest such conversation, as JSON, in bytes", {"NEKOD_TRANSCRIPT_SIZE"})
        ->check(CLI::Range(std::size_t{1} << 10, std::size_t{1} << 30));
    reader_
        .add("--session-queue", result_.session_queue, "Turns that may wait in one session",
             {"NEKOD_SESSION_QUEUE"})
        ->check(CLI::Range(0, 100'000));
  }

  void add_admission() {
    reader_.add("--api-keys", result_.api_keys, "File of API keys; without one any key is taken",
                {"NEKOD_API_KEYS"});
    reader_
        .add("--rate-limit", result_.rate_limit,
             "Requests a key or address may send, such as '200 per day; 50 per hour'",
             {"RATE_LIMIT"})
        ->check(accepted_by(http::parse_rate_limit));
    reader_
        .add("--chat-rate-limit", result_.chat_rate_limit,
             "Chats it may send, such as '10 per minute'", {"CHAT_RATE_LIMIT"})
        ->check(accepted_by(http::parse_rate_limit));
    reader_
        .add("--trusted-proxies", result_.trusted_proxies,
             "Addresses and networks whose X-Forwarded-For is believed, by comma",
             {"NEKOD_TRUSTED_PROXIES"})
        ->check(accepted_by(http::parse_networks));
    reader_
        .add("--allowed-hosts", result_.allowed_hosts,
             "Names besides this machine's under which it may be reached without --api-keys, by "
             "comma; *.NAME, or * for any",
             {"NEKOD_ALLOWED_HOSTS"})
        ->check(accepted_by(http::parse_allowed_hosts));
    reader_
        .add("--cors-origins", result_.cors_origins,
             "Origins besides this machine's whose pages may use it without --api-keys, by comma; "
             "* for any",
             {"NEKOD_CORS_ORIGINS"})
        ->check(accepted_by(http::parse_cors_origins));
    reader_.can_change(6);
    reader_
        .add("--pass-paths", result_.pass_paths,
             "Paths below /v1 that pass to an openai upstream from anybody, such as 'files, "
             "batches', or * for all; others but work for a model pass for admin keys, or without "
             "keys on this machine",
             {"NEKOD_PASS_PATHS"})
        ->check(accepted_by(http::parse_pass_list));
  }

  void add_tls() {
    reader_.add("--tls-cert", result_.tls_cert, "Certificate chain, a PEM file", {"TLS_CERT"});
    reader_.add("--tls-key", result_.tls_key, "Its private key, a PEM file", {"TLS_KEY"});
    reader_.can_change(2);
    reader_.add_port("--tls-redirect-port", result_.tls_redirect_port,
                     "Port of plain HTTP that redirects to the one with TLS; 0 lets the system "
                     "pick one",
                     {"NEKOD_TLS_REDIRECT_PORT"});
    reader_.add_time("--hsts", result_.hsts,
                     "How long browsers are told to come with TLS only; 0 for no word of it",
                     {"NEKOD_HSTS"}, 0);
  }

  void add_limits() {
    // Both together have to stay below what the parser takes.
    constexpr std::size_t most_head = (http::max_request_head - (16u << 10)) / 2;
    reader_
        .add("--max-header-size", result_.max_header_size,
             "Longest header fields of a request, in bytes", {"NEKOD_MAX_HEADER_SIZE"})
        ->check(CLI::Range(std::size_t{256}, most_head));
    reader_
        .add("--max-url-size", result_.max_url_size, "Longest address of a request, in bytes",
             {"NEKOD_MAX_URL_SIZE"})
        ->check(CLI::Range(std::size_t{16}, most_head));
    reader_
        .add("--max-content-length", result_.max_content_length, "Longest request body, in bytes",
             {"MAX_CONTENT_LENGTH"})
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32));
    reader_
        .add("--max-upload", result_.max_upload,
             "Longest request body that passes to an openai upstream as it comes, in bytes",
             {"NEKOD_MAX_UPLOAD"})
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 40));
    reader_
        .add("--max-connections", result_.max_connections, "Connections at a time",
             {"NEKOD_MAX_CONNECTIONS"})
        ->check(CLI::Range(1, 1'000'000));
    reader_
        .add("--max-streams", result_.max_streams, "Requests being answered at a time",
             {"NEKOD_MAX_STREAMS"})
        ->check(CLI::Range(1, 1'000'000));
    reader_
        .add("--max-memory", result_.max_memory,
             "Resident bytes past which chats are answered 503; 0 for no limit",
             {"NEKOD_MAX_MEMORY"})
        ->check(setting_reader::within(0, 1e18));
    reader_
        .add("--max-buffered", result_.max_buffered,
             "Bytes of requests and of answers that wait, all together, past which requests are "
             "answered 503; 0 for 1 GiB, or a quarter of the memory if that is less",
             {"NEKOD_MAX_BUFFERED"})
        ->check(setting_reader::within(0, 1e18));
    reader_
        .add("--stream-buffer", result_.stream_buffer,
             "Bytes of an answer that may wait for a slow client, in bytes",
             {"NEKOD_STREAM_BUFFER"})
        ->check(CLI::Range(std::size_t{1} << 12, std::size_t{1} << 30));
  }

  void add_times() {
    reader_.add_time("--connect-timeout", result_.connect_timeout,
                     "Longest time to connect upstream", {"NEKOD_CONNECT_TIMEOUT"});
    reader_.add_time("--first-byte-timeout", result_.first_byte_timeout,
                     "Longest time to the first byte from upstream; 0 takes --request-timeout, or "
                     "600 for openai",
                     {"NEKOD_FIRST_BYTE_TIMEOUT"}, 0);
    reader_.add_time("--request-timeout", result_.request_timeout,
                     "Longest time without a byte from upstream; 0 takes 30, or 120 for openai",
                     {"REQUEST_TIMEOUT"}, 0);
    reader_.add_time("--answer-timeout", result_.answer_timeout,
                     "Longest time for a whole answer; 0 takes 600, or 3600 for openai",
                     {"NEKOD_ANSWER_TIMEOUT"}, 0);
    reader_.add_time("--read-timeout", result_.read_timeout,
                     "Longest time for a request to arrive, and between two of one connection",
                     {"NEKOD_READ_TIMEOUT"}, 1);
    reader_.add_time("--write-timeout", result_.write_timeout,
                     "Longest time for a client to take some of what is written to it",
                     {"NEKOD_WRITE_TIMEOUT"}, 1);
    reader_.add_time("--drain-delay", result_.drain_delay,
                     "How long work is still taken after SIGTERM, while /health/ready refuses",
                     {"NEKOD_DRAIN_DELAY"}, 0);
    reader_.add_time("--drain-timeout", result_.drain_timeout,
                     "Longest time for running answers to end after SIGTERM",
                     {"NEKOD_DRAIN_TIMEOUT"});
    reader_.add_time("--heartbeat", result_.heartbeat, "Longest silence of a stream",
                     {"NEKOD_HEARTBEAT"});
  }

  void add_output() {
    reader_.add("--language", language_, "Language of error texts", {"NEKOD_LANGUAGE"})
        ->check(CLI::IsMember({"zh", "en"}));
    reader_.add(
        "--log-path", result_.log_path,
        "Folder for a log file besides standard error, or a file that ends in .log; rotates "
        "at 10 MB",
        {"LOG_PATH"});
    reader_
        .add("--log-name", result_.log_name, "Name of the log file in that folder", {"LOG_NAME"})
        ->check([](const std::string& name) {
          auto good = !name.empty() && name.find('/') == std::string::npos;
          return good ? std::string{} : std::string{"must be a name without slashes"};
        });
    reader_.add("--log-format", log_format_, "Form of log lines", {"LOG_FORMAT"})
        ->check(CLI::IsMember({"text", "json"}));
    reader_
        .add("--log-level", result_.log_level, "Least important messages that are logged",
             {"LOG_LEVEL"})
        ->transform(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"},
                                  CLI::ignore_case));
    reader_.add_switch("debug", result_.debug, "Log at level debug", {"FLASK_DEBUG"});
    reader_.can_change(2);
  }

  std::variant<settings, exit_request> finish() {
    result_.session_matching = matching_ == "on";
    result_.session_header =
        session_header_ == "name" ? session_header::name : session_header::scope;
    result_.store_file = file_of_store(store_);
    result_.store_texts = store_text_ == "full";
    result_.language = language_ == "en" ? openai::language::en : openai::language::zh;
    result_.log_format = log_format_ == "json" ? log_format::json : log_format::text;
    for (std::string_view alias : aliases_) {
      auto equals = alias.find('=');
      result_.model_aliases.emplace_back(http::trim(alias.substr(0, equals)),
                                         http::trim(alias.substr(equals + 1)));
    }
    if (result_.debug)
      result_.log_level = "debug";
    result_.shown = reader_.shown();
    result_.sources = reader_.sources();
    result_.file_sets_any = reader_.file_sets_any();
    if (auto problem = upstreams_.finish(reader_))
      return *problem;
    return checked();
  }

  /// What no setting alone can be wrong about.
  std::variant<settings, exit_request> checked() const {
    if (result_.tls_cert.empty() != result_.tls_key.empty())
      return exit_request{2, "nekod: --tls-cert and --tls-key go together\n"};
    if (result_.tls_redirect_port && result_.tls_cert.empty())
      return exit_request{2, "nekod: --tls-redirect-port wants --tls-cert\n"};
    auto forgets = std::any_of(result_.upstreams.begin(), result_.upstreams.end(),
                               [](const auto& u) { return u.kind == upstream_kind::openai; });
    if (forgets && !result_.store_file.empty() && !result_.store_texts)
      return exit_request{2,
                          "nekod: --store-text digest keeps no conversation, and an upstream of "
                          "kind openai has to be told it again; full or --store memory would do\n"};
    return result_;
  }

  setting_reader reader_;
  settings result_;
  upstream_flags upstreams_{result_};
  std::string store_ = "sqlite:nekod.db";
  std::string store_text_ = "full";
  std::string matching_ = "on";
  std::string session_header_ = "scope";
  std::string language_ = "zh";
  std::string log_format_ = "text";
  std::vector<std::string> aliases_;
};

} // namespace

std::string with_source(const settings& s, const std::string& flag) {
  auto found = s.sources.find(flag);
  return found == s.sources.end() ? flag : flag + " (from " + found->second + ")";
}

std::variant<settings, exit_request> read_settings(int argc, const char* const* argv) {
  return announced_settings{}.read(argc, argv);
}

} // namespace nekod
