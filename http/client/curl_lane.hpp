#pragma once

#include "http/client/client_options.hpp"
#include "http/client/curl_job.hpp"
#include "http/client/lazy_timer.hpp"
#include "http/client/socket_watch.hpp"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nekod::http {

/// A libcurl multi handle with its connections, on one strand of a loop. The events of its jobs are
/// called there, after libcurl has returned: their readers may start, drop, and resume transfers.
///
/// Its sockets are watched by an epoll instance of their own, of which the loop sees one
/// descriptor: a wait in the loop then costs one system call for all sockets that are ready, not
/// one each.
class curl_lane : public std::enable_shared_from_this<curl_lane> {
public:
  /// @param max_connections Of the lane; a transfer that needs one more waits.
  curl_lane(asio::io_context& loop, const client_options& options, std::size_t max_connections);
  ~curl_lane();

  curl_lane(const curl_lane&) = delete;
  curl_lane& operator=(const curl_lane&) = delete;

  /// Starts to watch. Once, after construction.
  void open();

  // From any thread:
  void start(std::shared_ptr<curl_job> job);
  void cancel(std::shared_ptr<curl_job> job);
  void resume(std::shared_ptr<curl_job> job);
  void resume_sending(std::shared_ptr<curl_job> job);
  void stop();
  std::size_t open_connections() const noexcept { return connections_; }

  /// The transfers that have an owner, after *change* more or fewer.
  std::size_t owned(int change = 0) noexcept { return owned_ += static_cast<std::size_t>(change); }

private:
  using clock = curl_job::clock;

  struct multi_deleter {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  static int watch_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int set_timer(CURLM* multi, long timeout_ms, void* self);

  void wait_for_sockets();
  void serve_sockets();
  void drop_if_idle(curl_socket_t socket);
  void act(curl_socket_t socket, int events);
  void after_action();
  void end_delivering();
  void follow_redirect(curl_job& job);
  void remove(curl_job& job);
  void post_to(std::shared_ptr<curl_job> job, void (curl_job::*action)());
  void check_limits();

  static curl_socket_t open_socket(void* job, curlsocktype purpose, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t socket);

  asio::strand<asio::io_context::executor_type> strand_;
  std::shared_ptr<metrics> counts_;
  std::atomic<std::size_t> connections_{0};
  asio::posix::stream_descriptor epoll_;
  socket_watch sockets_;
  /// Closes its connections at its end, which goes through *sockets_*.
  std::unique_ptr<CURLM, multi_deleter> multi_;
  /// When libcurl wants to be called.
  std::shared_ptr<lazy_timer> timer_;
  /// When time limits are looked at next.
  std::shared_ptr<lazy_timer> limits_timer_;
  std::atomic<std::size_t> owned_{0};
  struct running_job {
    std::shared_ptr<curl_job> job;
    curl_lane* lane;
    /// Sockets that were opened for it.
    std::vector<int> opened;
  };

  std::unordered_map<curl_job*, running_job> jobs_;
  /// Jobs that the last actions brought bytes for.
  std::vector<curl_job*> dirty_;
  /// Whether events are being delivered, and the jobs that were dropped meanwhile.
  bool delivering_ = false;
  std::vector<std::shared_ptr<curl_job>> dropped_;
};

} // namespace nekod::http
