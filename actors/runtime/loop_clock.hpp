#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <caf/detail/simple_actor_clock.hpp>

#include <mutex>

namespace nekod {

/// CAF's clock on an event loop: one timer for the earliest timeout, and no thread. Thread-safe.
class loop_clock : public caf::detail::simple_actor_clock {
public:
  explicit loop_clock(asio::io_context& loop) : timer_(loop) {}

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

private:
  using super = caf::detail::simple_actor_clock;

  /// Calls *f* under the lock, then sets the timer to the earliest timeout.
  template <class F>
  void update(F f);

  /// Needs the lock.
  void rearm();

  void fire();

  std::mutex mutex_;
  asio::steady_timer timer_;
  /// The time of the timer; `time_point::max()` if it is not set.
  time_point armed_ = time_point::max();
};

} // namespace nekod
