#include "actors/session/turn_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod {

chat::failure busy_session() { return chat::retry_soon(chat::failure_code::session_busy); }

chat::failure refusal_of_foreign(const chat::request& r) {
  if (r.retries.resume_after)
    return {chat::failure_code::stream_expired, "X-Resume-After"};
  return busy_session();
}

std::optional<asked_turn> turn_queue::pop() {
  if (all_.empty())
    return std::nullopt;
  std::optional result{std::move(all_.front())};
  all_.pop_front();
  return result;
}

std::vector<asked_turn> turn_queue::take_all() {
  std::vector<asked_turn> result(std::make_move_iterator(all_.begin()),
                                 std::make_move_iterator(all_.end()));
  all_.clear();
  return result;
}

asked_turn* turn_queue::find(const std::string& identity) {
  const auto i =
      std::ranges::find_if(all_, [&](const auto& t) { return t.what.identity == identity; });
  return i == all_.end() ? nullptr : &*i;
}

std::size_t turn_queue::remove_reader(const caf::actor_addr& reply) {
  return std::erase_if(all_,
                       [&](asked_turn& t) { return t.readers.remove(reply) && t.readers.empty(); });
}

} // namespace nekod
