#include "actors/store/postgres/opened_store.hpp"

#include "actors/runtime/bound_actor.hpp"
#include "actors/store/postgres/postgres_store.hpp"

#include <asio/post.hpp>
#include <caf/actor_cast.hpp>

#include <utility>

namespace nekod {

namespace {

class opened_postgres_store : public session_store {
public:
  opened_postgres_store(postgres_store_options options, event_loops& loops)
      : key_(postgres::prepare(options.address, options.migrates, options.waits)),
        // Connections begin on the first loops, one after the other.
        home_(loops, loops.size() - 1),
        parts_(std::make_shared<postgres_store_parts>()) {
    parts_->options = std::move(options);
    parts_->loop = &loops[loops.size() - 1];
    parts_->health->shared = true;
  }

  const std::string& key() const noexcept override { return key_; }

  std::shared_ptr<const store_health> health() const override { return parts_->health; }

  store_actor spawn(caf::actor_system& system, session_lifetime lifetime,
                    std::shared_ptr<metrics> counts) override {
    return spawn_bound<postgres_store_actor, postgres_store_state>(
        system, home_, postgres_store, parts_, lifetime, std::move(counts));
  }

  answer_places_actor places_of(const store_actor& store) const override {
    // Without an address no node finds the way to this one.
    return parts_->options.node_address.empty() ? answer_places_actor{}
                                                : caf::actor_cast<answer_places_actor>(store);
  }

  std::shared_ptr<const node_hold> hold() const override { return parts_->hold; }

  rests_actor rests_of(const store_actor& store) const override {
    return caf::actor_cast<rests_actor>(store);
  }

  void on_rest(const std::function<void(const shared_rest&)>& f) override {
    asio::post(*parts_->loop, [parts = parts_, f] { parts->on_rest = f; });
  }

  limits_actor limits_of(const store_actor& store) const override {
    return caf::actor_cast<limits_actor>(store);
  }

  void on_gone(const std::function<void(const session_token&)>& f) override {
    asio::post(*parts_->loop, [parts = parts_, f] { parts->on_gone = f; });
  }

private:
  const std::string key_;
  const home_loop home_;
  std::shared_ptr<postgres_store_parts> parts_;
};

} // namespace

std::unique_ptr<session_store> open_postgres_store(postgres_store_options options,
                                                   event_loops& loops) {
  return std::make_unique<opened_postgres_store>(std::move(options), loops);
}

} // namespace nekod
