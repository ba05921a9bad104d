#include "bench/simulator/completion_books.hpp"

#include "bench/simulator/json_object.hpp"

#include <algorithm>
#include <utility>

namespace nekod::sim {

std::uint64_t completion_books::begin(std::string body) {
  std::lock_guard lock{mutex_};
  bytes_ += body.size() + sizeof(entry);
  entries_.push_back({++last_, message_state::streaming, std::move(body)});
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.front().body.size() + sizeof(entry);
    entries_.pop_front();
  }
  return last_;
}

void completion_books::end(std::uint64_t number, message_state state) {
  std::lock_guard lock{mutex_};
  const auto i = std::find_if(entries_.begin(), entries_.end(),
                              [number](const entry& e) { return e.number == number; });
  if (i != entries_.end())
    i->state = state;
}

void completion_books::reset() {
  std::lock_guard lock{mutex_};
  entries_.clear();
  bytes_ = 0;
}

std::string completion_books::to_json() const {
  std::lock_guard lock{mutex_};
  std::size_t active = 0;
  std::string list = "[";
  for (const auto& e : entries_) {
    active += e.state == message_state::streaming ? 1 : 0;
    append_item(list, json_object{}
                          .number("number", e.number)
                          .text("state", name_of(e.state))
                          .raw("body", e.body)
                          .take());
  }
  return json_object{}.number("active", active).raw("completions", list + ']').take();
}

} // namespace nekod::sim
