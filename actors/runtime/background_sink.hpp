#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <memory>
#include <string>

namespace nekod {

/// Writes lines to standard error, as far as it takes them: those since the last flush together, in
/// pieces of whole lines that a pipe takes whole or not at all.
class error_sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

private:
  spdlog::memory_buf_t line_;
  std::string lines_;
};

/// Writes lines on a thread of its own, so that a pipe that nobody reads, or a disk that hangs,
/// holds up nobody. To wake it for each line would cost more than the line: those of 20 ms go
/// together, unless one is flushed; a process that is killed loses them. Lines past a limit of
/// bytes are lost, and how many is said as soon as there is room again.
class background_sink : public spdlog::sinks::sink {
public:
  explicit background_sink(spdlog::sink_ptr target);

  /// Its thread ends when it has written all; the process need not wait for that.
  ~background_sink() override;

  background_sink(const background_sink&) = delete;
  background_sink& operator=(const background_sink&) = delete;

  void log(const spdlog::details::log_msg& message) override;

  /// Has the lines so far written at once; waits for nothing.
  void flush() override;

  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// Waits until all is written, but no longer than *limit*.
  void wait(std::chrono::milliseconds limit);

private:
  class worker;
  std::shared_ptr<worker> worker_;
};

} // namespace nekod
