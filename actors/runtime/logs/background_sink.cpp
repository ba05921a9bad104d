#include "actors/runtime/logs/background_sink.hpp"

#include <spdlog/details/log_msg_buffer.h>
#include <spdlog/formatter.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace nekod {

namespace {

/// The most bytes of waiting lines.
constexpr std::size_t most_waiting = 4u << 20;

/// How long a line may wait to be written together with others.
constexpr std::chrono::milliseconds gathering{20};

/// The time between two messages about lines that cannot be written.
constexpr std::chrono::minutes silence{1};

/// Uses write(2): a blocked stdio call would hold its lock and hang exit().
void write_error(std::string_view text) {
  while (!text.empty()) {
    auto size = ::write(STDERR_FILENO, text.data(), text.size());
    if (size < 0 && errno != EINTR)
      return;
    text.remove_prefix(size < 0 ? 0 : static_cast<std::size_t>(size));
  }
}

} // namespace

/// The state that the sink and its thread share. The thread may outlive the sink, inside a write.
class background_sink::worker {
public:
  explicit worker(spdlog::sink_ptr target) : target_(std::move(target)) {}

  spdlog::sinks::sink& target() noexcept { return *target_; }

  void take(const spdlog::details::log_msg& message) {
    std::lock_guard guard{mutex_};
    if (waiting_bytes_ > most_waiting) {
      ++lost_;
      return;
    }
    waiting_bytes_ += message.payload.size();
    waiting_.emplace_back(message);
    if (waiting_.size() == 1)
      changed_.notify_all();
  }

  void flush() {
    std::lock_guard guard{mutex_};
    if (waiting_.empty())
      return;
    hurry_ = true;
    changed_.notify_all();
  }

  void end() {
    std::lock_guard guard{mutex_};
    ending_ = true;
    changed_.notify_all();
  }

  void wait(std::chrono::milliseconds limit) {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, limit, [this] { return waiting_.empty() && !writing_; });
  }

  void run() {
    std::unique_lock guard{mutex_};
    for (;;) {
      changed_.wait(guard, [this] { return !waiting_.empty() || ending_; });
      if (waiting_.empty())
        return;
      changed_.wait_for(guard, gathering, [this] { return hurry_ || ending_; });
      auto all = std::exchange(waiting_, {});
      auto lost = std::exchange(lost_, 0);
      hurry_ = false;
      waiting_bytes_ = 0;
      writing_ = true;
      guard.unlock();
      write(all, lost);
      guard.lock();
      writing_ = false;
      changed_.notify_all();
    }
  }

private:
  using lines = std::deque<spdlog::details::log_msg_buffer>;

  /// The lost lines came after *all*.
  void write(const lines& all, std::size_t lost) {
    for (const auto& line : all)
      attempt([&] { target_->log(line); });
    if (lost > 0) {
      auto text =
          std::to_string(lost) + " lines of the log were lost: they were not written fast enough";
      attempt([&] { target_->log({"nekod", spdlog::level::warn, text}); });
    }
    attempt([&] { target_->flush(); });
  }

  /// Runs *step*; reports now and then if it throws, for example because the disk is full.
  template <class Step>
  void attempt(Step step) {
    try {
      step();
    } catch (const std::exception& e) {
      auto now = std::chrono::steady_clock::now();
      if (now < silent_until_)
        return;
      silent_until_ = now + silence;
      write_error(std::string{"LOG ERROR: "} + e.what() + "\n");
    }
  }

  spdlog::sink_ptr target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  lines waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t lost_ = 0;
  bool hurry_ = false;
  bool writing_ = false;
  bool ending_ = false;
  /// Used by the thread only.
  std::chrono::steady_clock::time_point silent_until_{};
};

void error_sink::sink_it_(const spdlog::details::log_msg& message) {
  line_.clear();
  formatter_->format(message, line_);
  if (lines_.size() + line_.size() > PIPE_BUF)
    flush_();
  lines_.append(line_.data(), line_.size());
}

void error_sink::flush_() {
  write_error(lines_);
  lines_.clear();
}

background_sink::background_sink(spdlog::sink_ptr target)
    : worker_(std::make_shared<worker>(std::move(target))) {
  std::thread{[w = worker_] { w->run(); }}.detach();
}

background_sink::~background_sink() { worker_->end(); }

void background_sink::log(const spdlog::details::log_msg& message) { worker_->take(message); }

void background_sink::flush() { worker_->flush(); }

void background_sink::set_pattern(const std::string& pattern) {
  worker_->target().set_pattern(pattern);
}

void background_sink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  worker_->target().set_formatter(std::move(formatter));
}

void background_sink::wait(std::chrono::milliseconds limit) { worker_->wait(limit); }

} // namespace nekod
