#include "actors/runtime/logs/logging.hpp"

#include "actors/runtime/logs/background_sink.hpp"
#include "actors/runtime/process/start_error.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace nekod {

namespace {

/// The most time for the last lines.
constexpr std::chrono::milliseconds last_lines{500};
constexpr const char* requests_name = "requests";

/// A line as one JSON object.
class json_formatter : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string line = "{";
    spdlog::memory_buf_t time;
    time_.format(message, time);
    line.append(time.data(), time.size());
    std::string payload{message.payload.data(), message.payload.size()};
    // For example, a file's name may contain any bytes.
    if (!is_utf8(payload))
      std::replace_if(
          payload.begin(), payload.end(), [](char c) { return (c & 0x80) != 0; }, '?');
    if (message.logger_name == requests_name) {
      line += payload;
    } else {
      line += R"("message":)";
      json::append_quoted(line, payload);
    }
    line += "}\n";
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

private:
  spdlog::pattern_formatter time_{R"("time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",)",
                                  spdlog::pattern_time_type::utc, ""};
};

std::filesystem::path file_of(const log_options& o) {
  std::filesystem::path path{o.path};
  return path.extension() == ".log" ? path : path / o.file_name;
}

std::shared_ptr<log_file> open_file(const log_options& o) {
  auto file = file_of(o);
  try {
    return std::make_shared<log_file>(file.string());
  } catch (const std::system_error& e) {
    throw start_error{exit_code_of(e.code()), o.path_setting + ": cannot write " + file.string() +
                                                  ": " + e.code().message()};
  }
}

} // namespace

logs::logs(const log_options& o) {
  std::vector<spdlog::sink_ptr> sinks{
      std::make_shared<background_sink>(std::make_shared<error_sink>())};
  if (!o.path.empty()) {
    file_ = open_file(o);
    sinks.push_back(std::make_shared<background_sink>(file_));
  }
  auto make = [&](const char* name) {
    auto log = std::make_shared<spdlog::logger>(name, sinks.begin(), sinks.end());
    log->flush_on(spdlog::level::warn);
    return log;
  };
  program_ = make("nekod");
  requests_ = make(requests_name);
  for (auto& sink : sinks) {
    if (o.as_json)
      sink->set_formatter(std::make_unique<json_formatter>());
    else
      sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  }
  set_level(o.level);
  spdlog::set_default_logger(program_);
}

void logs::reopen() {
  if (file_)
    file_->reopen();
}

void logs::set_level(const std::string& level) {
  auto parsed = spdlog::level::from_str(level);
  program_->set_level(parsed);
  requests_->set_level(parsed);
}

logs::~logs() { finish(); }

void logs::finish() {
  program_->flush();
  for (const auto& sink : program_->sinks())
    static_cast<background_sink&>(*sink).wait(last_lines);
}

} // namespace nekod
