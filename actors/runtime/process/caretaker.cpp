#include "actors/runtime/process/caretaker.hpp"

#include "actors/runtime/process/service_manager.hpp"

#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace nekod {

namespace {

using clock = std::chrono::steady_clock;

/// How often a drain checks for running answers.
constexpr std::chrono::milliseconds drain_interval{20};

/// How long requests may still arrive on the newest connections.
constexpr std::chrono::milliseconds last_guests{1000};

/// How often memory is checked.
constexpr std::chrono::milliseconds tidy_interval{1000};

/// The number of concurrent answers or connections after which returning memory is worthwhile.
constexpr std::size_t rush = 64;

void mask_reload(int how) noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(how, &set, nullptr);
}

} // namespace

caretaker::caretaker() { mask_reload(SIG_UNBLOCK); }

void caretaker::hold_reload() noexcept { mask_reload(SIG_BLOCK); }

bool caretaker::told_to_end() {
  if (!std::exchange(looks_early_, true))
    signals_.async_wait([this](const asio::error_code& ec, int signal) {
      looks_early_ = false;
      if (!ec && duties_.reload)
        take(signal);
      else if (!ec)
        ending_ = signal != SIGHUP;
    });
  control_.restart();
  control_.poll();
  return ending_;
}

void caretaker::work(duties d, milliseconds drain_delay, milliseconds drain_limit) {
  duties_ = std::move(d);
  drain_delay_ = drain_delay;
  drain_limit_ = drain_limit;
  control_.restart();
  signals_.cancel();
  wait_for_signal();
  tidy_up();
  feed_watchdog();
  control_.run();
}

void caretaker::wait_for_signal() {
  signals_.async_wait([this](const asio::error_code& ec, int signal) {
    if (ec)
      return;
    take(signal);
    wait_for_signal();
  });
}

void caretaker::take(int signal) {
  if (signal != SIGHUP) {
    if (std::exchange(ending_, true)) {
      duties_.last_words();
      std::_Exit(128 + signal);
    }
    announce_drain();
  } else if (!ending_) { // An ending process needs no new settings.
    duties_.reload();
  }
}

void caretaker::announce_drain() {
  duties_.announce_drain();
  if (drain_delay_.count() == 0) {
    begin_drain();
    return;
  }
  drain_timer_.expires_after(drain_delay_);
  drain_timer_.async_wait([this](const asio::error_code&) { close_door(); });
}

/// Connections that were accepted before are still served.
void caretaker::close_door() {
  duties_.close_door();
  drain_timer_.expires_after(std::min(last_guests, drain_delay_));
  drain_timer_.async_wait([this](const asio::error_code&) { begin_drain(); });
}

void caretaker::begin_drain() {
  deadline_ = clock::now() + drain_limit_;
  last_call_ = clock::now() + last_guests;
  duties_.begin_drain();
  duties_.close_door(); // Not closed yet without a delay.
  look_at_drain();
}

void caretaker::look_at_drain() {
  auto now = clock::now();
  // An open connection without an answer has a request on its way.
  auto all_gone =
      duties_.open_answers() == 0 && (duties_.open_connections() == 0 || now >= last_call_);
  if (all_gone || now >= deadline_) {
    control_.stop();
    return;
  }
  drain_timer_.expires_after(drain_interval);
  drain_timer_.async_wait([this](const asio::error_code&) { look_at_drain(); });
}

void caretaker::tidy_up() {
  // The C library's allocator does not return memory that lies between two pieces in use. With
  // another allocator this does nothing.
  auto open = std::max(duties_.open_answers(), duties_.open_connections());
  most_open_ = std::max(most_open_, open);
  if (most_open_ >= rush && open <= most_open_ / 4) {
    malloc_trim(0);
    most_open_ = open;
  }
  tidy_timer_.expires_after(tidy_interval);
  tidy_timer_.async_wait([this](const asio::error_code&) { tidy_up(); });
}

void caretaker::feed_watchdog() {
  auto limit = service_manager::watchdog_limit();
  if (!limit)
    return;
  duties_.check([] { service_manager::feed_watchdog(); });
  // Three times within the limit, so that a late message does no harm.
  watchdog_timer_.expires_after(*limit / 3);
  watchdog_timer_.async_wait([this](const asio::error_code&) { feed_watchdog(); });
}

} // namespace nekod
