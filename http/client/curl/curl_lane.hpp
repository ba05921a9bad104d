#pragma once

#include "http/client/client_options.hpp"
#include "http/client/curl/curl_job.hpp"
#include "http/client/curl/curl_sockets.hpp"
#include "http/client/lazy_timer.hpp"

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nekod::http {

/// A libcurl multi handle with its connections, on one strand of a loop. The readers of its jobs
/// are called there, after libcurl has returned: they may start, drop, and resume transfers.
class curl_lane : public std::enable_shared_from_this<curl_lane> {
public:
  /// @param max_connections The most connections of the lane; a transfer that needs one more waits.
  curl_lane(asio::io_context& loop, const client_options& options, std::size_t max_connections);
  ~curl_lane();

  curl_lane(const curl_lane&) = delete;
  curl_lane& operator=(const curl_lane&) = delete;

  /// Starts to watch the sockets. To be called once, after construction.
  void open();

  // On any thread:

  void start(std::shared_ptr<curl_job> job);

  /// The reader dropped the job: it gets no more events, and the job is removed.
  void cancel(std::shared_ptr<curl_job> job);

  /// There is room in the job's window again.
  void resume(std::shared_ptr<curl_job> job);

  /// There is more of the job's request body to send.
  void resume_sending(std::shared_ptr<curl_job> job);

  /// Removes all jobs, without an event. Nothing may be started afterwards.
  void stop();

  /// Open connections, idle ones included.
  std::size_t open_connections() const noexcept { return sockets_.open_connections(); }

  /// The number of transfers that have an owner, after it was changed by *change*.
  std::size_t owned(int change = 0) noexcept { return owned_ += static_cast<std::size_t>(change); }

private:
  using clock = curl_job::clock;

  struct multi_deleter {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  struct running_job {
    std::shared_ptr<curl_job> job;
    curl_sockets::opened opened;
  };

  static int watch_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int set_timer(CURLM* multi, long timeout_ms, void* self);

  void wait_for_sockets();
  void serve_sockets();
  void cut_if_idle(curl_socket_t socket);
  void act(curl_socket_t socket, int events);
  void after_action();
  void end_delivering();
  void follow_redirect(curl_job& job);
  void remove(curl_job& job);
  void post_to(std::shared_ptr<curl_job> job, void (curl_job::*action)());
  void check_limits();

  asio::strand<asio::io_context::executor_type> strand_;
  std::shared_ptr<metrics> counts_;
  curl_sockets sockets_;
  /// Its end closes its connections, by *sockets_*.
  std::unique_ptr<CURLM, multi_deleter> multi_;
  /// When libcurl wants to be called.
  std::shared_ptr<lazy_timer> timer_;
  /// When time limits are checked next.
  std::shared_ptr<lazy_timer> limits_timer_;
  std::atomic<std::size_t> owned_{0};
  std::unordered_map<curl_job*, running_job> jobs_;
  /// The responses that got bytes by the last actions.
  std::vector<curl_response*> dirty_;
  /// Whether readers are being called, and the jobs that they dropped meanwhile.
  bool delivering_ = false;
  std::vector<std::shared_ptr<curl_job>> dropped_;
};

} // namespace nekod::http
