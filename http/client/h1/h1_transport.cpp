#include "http/client/h1/h1_transport.hpp"

#include "actors/runtime/event_loops.hpp"
#include "http/client/h1/h1_job.hpp"
#include "http/client/h1/h1_lane.hpp"
#include "http/client/owned_transfer.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

h1_transport::h1_transport(event_loops& loops, const client_options& options)
    : loops_(loops), options_(options), lane_size_(1 + options.max_connections / loops.size()) {
  const auto trusted = std::make_shared<tls_client::authorities>(options.authorities);
  for (auto* loop : loops.all()) {
    lanes_.push_back(std::make_shared<h1_lane>(*loop, options_, trusted, lane_size_));
    lanes_.back()->open();
  }
}

h1_transport::~h1_transport() = default;

std::unique_ptr<transfer> h1_transport::start(std::uint64_t number, http_call call, http_url url,
                                              transport::sink f) {
  auto lane = lane_with_room();
  auto job =
      std::make_shared<h1_job>(number, std::move(call), std::move(f), std::move(url), options_);
  lane->start(job);
  return std::make_unique<owned_transfer<h1_lane, h1_job>>(std::move(lane), std::move(job));
}

/// The calling thread's lane, or the lane with the most room if that one is full.
std::shared_ptr<h1_lane> h1_transport::lane_with_room() const {
  const auto& own = lanes_[loops_.here()];
  if (own->owned() < lane_size_)
    return own;
  return *std::min_element(lanes_.begin(), lanes_.end(),
                           [](const auto& a, const auto& b) { return a->owned() < b->owned(); });
}

std::size_t h1_transport::open_connections() const noexcept {
  std::size_t result = 0;
  for (const auto& lane : lanes_)
    result += lane->open_connections();
  return result;
}

void h1_transport::stop() {
  for (auto& lane : lanes_)
    lane->stop();
}

} // namespace nekod::http
