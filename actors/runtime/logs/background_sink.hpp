#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <memory>
#include <string>

namespace nekod {

/// Writes lines to standard error, as far as it accepts them: those since the last flush together,
/// in pieces of whole lines that a pipe accepts entirely or not at all.
class error_sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;

private:
  spdlog::memory_buf_t line_;
  std::string lines_;
};

/// Writes lines on a thread of its own, so that nobody has to wait for a pipe without a reader or a
/// hanging disk. Waking the thread for each line would cost more than the line, so the lines of 20
/// ms are written together, or sooner after a flush; a process that is killed loses them. Lines
/// beyond a limit of bytes are lost; their number is logged as soon as there is room again.
class background_sink : public spdlog::sinks::sink {
public:
  explicit background_sink(spdlog::sink_ptr target);

  /// Its thread ends when it has written everything; the process need not wait for that.
  ~background_sink() override;

  background_sink(const background_sink&) = delete;
  background_sink& operator=(const background_sink&) = delete;

  void log(const spdlog::details::log_msg& message) override;

  /// Makes the thread write all lines so far at once; does not wait.
  void flush() override;

  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  /// Waits until everything is written, but at most *limit*.
  void wait(std::chrono::milliseconds limit);

private:
  class worker;
  std::shared_ptr<worker> worker_;
};

} // namespace nekod
