#include "http/client/curl/curl_transport.hpp"

#include "actors/runtime/event_loops.hpp"
#include "http/client/curl/curl_job.hpp"
#include "http/client/curl/curl_lane.hpp"
#include "http/client/curl/easy_pool.hpp"
#include "http/client/owned_transfer.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace nekod::http {

namespace {

bool has_certificates(const std::string& file) {
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store{X509_STORE_new(), &X509_STORE_free};
  return store && X509_STORE_load_locations(store.get(), file.c_str(), nullptr) == 1;
}

} // namespace

curl_transport::curl_transport(event_loops& loops, const client_options& options)
    : loops_(loops),
      options_(options),
      handles_(std::make_shared<easy_pool>()),
      lane_size_(1 + options.max_connections / loops.size()) {
  if (!options.authorities.empty() && !has_certificates(options.authorities))
    throw std::invalid_argument{options.authorities + " has no certificate of an authority"};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  for (auto* loop : loops.all()) {
    lanes_.push_back(std::make_shared<curl_lane>(*loop, options, lane_size_));
    lanes_.back()->open();
  }
}

curl_transport::~curl_transport() = default;

std::unique_ptr<transfer> curl_transport::start(std::uint64_t number, http_call call, sink f) {
  auto lane = lane_with_room();
  auto job =
      std::make_shared<curl_job>(number, std::move(call), std::move(f), handles_->take(), options_);
  lane->start(job);
  return std::make_unique<owned_transfer<curl_lane, curl_job>>(std::move(lane), std::move(job));
}

/// The calling thread's lane, or the lane with the most room if that one is full.
std::shared_ptr<curl_lane> curl_transport::lane_with_room() const {
  const auto& own = lanes_[loops_.here()];
  if (own->owned() < lane_size_)
    return own;
  return *std::min_element(lanes_.begin(), lanes_.end(),
                           [](const auto& a, const auto& b) { return a->owned() < b->owned(); });
}

std::size_t curl_transport::open_connections() const noexcept {
  std::size_t result = 0;
  for (const auto& lane : lanes_)
    result += lane->open_connections();
  return result;
}

void curl_transport::stop() {
  for (auto& lane : lanes_)
    lane->stop();
}

} // namespace nekod::http
