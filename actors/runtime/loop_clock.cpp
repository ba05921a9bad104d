#include "actors/runtime/loop_clock.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace nekod {

template <class F>
void loop_clock::update(F f) {
  std::lock_guard guard{mutex_};
  f();
  rearm();
}

void loop_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                      std::uint64_t id) {
  update([&] { super::set_ordinary_timeout(t, self, type, id); });
}

void loop_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                   std::uint64_t id) {
  update([&] { super::set_multi_timeout(t, self, type, id); });
}

void loop_clock::set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) {
  update([&] { super::set_request_timeout(t, self, id); });
}

void loop_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  update([&] { super::cancel_ordinary_timeout(self, type); });
}

void loop_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  update([&] { super::cancel_request_timeout(self, id); });
}

void loop_clock::cancel_timeouts(caf::abstract_actor* self) {
  update([&] { super::cancel_timeouts(self); });
}

void loop_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                  caf::mailbox_element_ptr content) {
  update([&] { super::schedule_message(t, std::move(receiver), std::move(content)); });
}

void loop_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                                  caf::message content) {
  update([&] {
    super::schedule_message(t, std::move(target), std::move(sender), std::move(content));
  });
}

void loop_clock::cancel_all() {
  // The events hold actors, which may end with them; then the lock must not be held.
  schedule_map dropped;
  update([&] {
    actor_lookup_.clear();
    dropped.swap(schedule_);
  });
}

void loop_clock::rearm() {
  auto earliest = schedule_.empty() ? time_point::max() : schedule_.begin()->first;
  // If a timeout is cancelled, its timer fires and finds nothing to do: that is cheaper than
  // stopping it.
  if (earliest >= armed_)
    return;
  armed_ = earliest;
  timer_.expires_at(earliest);
  timer_.async_wait([this](const asio::error_code& ec) {
    if (!ec)
      fire();
  });
}

void loop_clock::fire() {
  std::vector<unique_delayed_event_ptr> due;
  update([&] {
    armed_ = time_point::max();
    auto t = now();
    while (!schedule_.empty() && schedule_.begin()->first <= t) {
      auto timeout = std::move(schedule_.begin()->second);
      if (timeout->backlink != actor_lookup_.end())
        actor_lookup_.erase(timeout->backlink);
      schedule_.erase(schedule_.begin());
      due.push_back(std::move(timeout));
    }
  });
  for (auto& timeout : due)
    ship(*timeout);
}

} // namespace nekod
