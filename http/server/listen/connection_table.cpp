#include "http/server/listen/connection_table.hpp"

#include "http/server/message/inbox.hpp"
#include "http/server/message/restinio_exchange.hpp"

#include <asio/post.hpp>

#include <utility>

namespace nekod::http {

namespace {

/// The most connections that may be about to give way. They are not counted as open, but may still
/// have descriptors.
constexpr std::size_t most_giving_way = 128;

} // namespace

void connection_table::announce(restinio::connection_id_t connection, std::shared_ptr<inbox> box,
                                strand on) {
  std::lock_guard guard{mutex_};
  auto& known = connections_[connection];
  known.box = std::move(box);
  known.on = std::move(on);
}

std::shared_ptr<inbox> connection_table::inbox_of(restinio::connection_id_t connection) const {
  std::lock_guard guard{mutex_};
  auto i = connections_.find(connection);
  return i == connections_.end() ? nullptr : i->second.box;
}

void connection_table::add(restinio::connection_id_t connection,
                           std::weak_ptr<restinio_exchange> x) {
  std::lock_guard guard{mutex_};
  silent_.erase(connection);
  auto& exchanges = connections_[connection].exchanges;
  std::erase_if(exchanges, [](const auto& e) { return e.expired(); });
  exchanges.push_back(std::move(x));
}

void connection_table::let_leave() {
  std::lock_guard guard{mutex_};
  for (const auto& [id, known] : connections_)
    if (known.on)
      asio::post(*known.on, [box = known.box] { box->leave(); });
}

void connection_table::state_changed(const restinio::connection_state::notice_t& notice) {
  if (restinio::holds_alternative<restinio::connection_state::accepted_t>(notice.cause()))
    accepted(notice.connection_id());
  else if (restinio::holds_alternative<restinio::connection_state::closed_t>(notice.cause()))
    closed(notice.connection_id());
}

void connection_table::accepted(restinio::connection_id_t connection) {
  std::lock_guard guard{mutex_};
  if (staying() > room_)
    make_way();
  if (staying() > limit_) {
    connections_.erase(connection);
    throw connection_cut{};
  }
  silent_.insert(connection);
  shared_->connections = staying();
}

/// Closes the oldest connection without a request. Needs the lock.
void connection_table::make_way() {
  if (silent_.empty() || giving_way_ >= most_giving_way)
    return;
  auto& oldest = connections_[*silent_.begin()];
  silent_.erase(silent_.begin());
  oldest.gives_way = true;
  ++giving_way_;
  asio::post(*oldest.on, [box = oldest.box] { box->give_way(); });
}

/// RESTinio reports the closing twice if both reading and writing failed.
void connection_table::closed(restinio::connection_id_t connection) {
  std::vector<std::weak_ptr<restinio_exchange>> exchanges;
  {
    std::lock_guard guard{mutex_};
    auto i = connections_.find(connection);
    if (i == connections_.end())
      return;
    exchanges.swap(i->second.exchanges);
    giving_way_ -= i->second.gives_way ? 1 : 0;
    silent_.erase(connection);
    connections_.erase(i);
    shared_->connections = staying();
  }
  for (auto& weak : exchanges)
    if (auto x = weak.lock())
      x->client_left();
}

} // namespace nekod::http
