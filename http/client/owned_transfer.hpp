#pragma once

#include "actors/upstream/transport.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace nekod::http {

/// A job with the lane that it runs on, as its reader holds it: the same for both clients. The
/// lane counts it as owned until the reader drops it, which cancels the job.
template <class Lane, class Job>
class owned_transfer : public transfer {
public:
  owned_transfer(std::shared_ptr<Lane> lane, std::shared_ptr<Job> job)
      : lane_(std::move(lane)), job_(std::move(job)) {
    lane_->owned(+1);
  }

  owned_transfer(const owned_transfer&) = delete;
  owned_transfer& operator=(const owned_transfer&) = delete;

  ~owned_transfer() override {
    lane_->owned(-1);
    lane_->cancel(std::move(job_));
  }

  void grant(std::size_t bytes) override {
    if (job_->response().window().grant(bytes))
      lane_->resume(job_);
  }

  void take_back(std::size_t bytes) override { job_->response().window().take_back(bytes); }

  void abandon(std::chrono::steady_clock::time_point client_left) override {
    job_->response().reader().abandon(client_left);
  }

private:
  std::shared_ptr<Lane> lane_;
  std::shared_ptr<Job> job_;
};

} // namespace nekod::http
