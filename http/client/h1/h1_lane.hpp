#pragma once

#include "http/client/client_options.hpp"
#include "http/client/gathering_jobs.hpp"
#include "http/client/h1/connection_pool.hpp"
#include "http/client/h1/event_poll.hpp"
#include "http/client/h1/h1_job.hpp"
#include "http/client/h1/name_lookup.hpp"
#include "http/client/h1/tls_client.hpp"
#include "http/client/lazy_timer.hpp"

#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace nekod::http {

/// The connections and transfers of one loop. The readers of its jobs are called there: they may
/// start, drop, and resume transfers meanwhile.
class h1_lane : public std::enable_shared_from_this<h1_lane> {
public:
  /// @param loop Run by one thread.
  /// @param options Must outlive the lane.
  /// @param trusted The authorities of certificates.
  /// @param max_connections The most connections of the lane; a transfer that needs one more waits.
  h1_lane(asio::io_context& loop, const client_options& options,
          std::shared_ptr<tls_client::authorities> trusted, std::size_t max_connections);
  ~h1_lane();

  h1_lane(const h1_lane&) = delete;
  h1_lane& operator=(const h1_lane&) = delete;

  /// Starts to watch the sockets. To be called once, after construction.
  void open();

  // On any thread:

  void start(std::shared_ptr<h1_job> job);

  /// The reader dropped the job: it gets no more events, and the job is removed.
  void cancel(std::shared_ptr<h1_job> job);

  /// There is room in the job's window again.
  void resume(std::shared_ptr<h1_job> job);

  /// Removes all jobs, without an event. Nothing may be started afterwards.
  void stop();

  /// Open connections, idle ones included.
  std::size_t open_connections() const noexcept { return pool_.open_connections(); }

  /// The number of transfers that have an owner, after it was changed by *change*.
  std::size_t owned(int change = 0) noexcept { return owned_ += static_cast<std::size_t>(change); }

private:
  using clock = h1_job::clock;
  using step = h1_job::step;

  step begin(h1_job& job, bool from_pool, clock::time_point now);
  step connect(h1_job& job, std::vector<socket_address> addresses, clock::time_point now);
  void look_up(h1_job& job, clock::time_point now);
  void resume_sending(h1_job& job);
  void wait_for_sockets();
  void serve_sockets();
  void serve(h1_job& job, std::uint32_t events, clock::time_point now);
  void read_rest(h1_job& job);
  void go_on(h1_job& job, step next, clock::time_point now);
  void give_back_connection(h1_job& job, clock::time_point now);
  void remove(h1_job& job);
  void serve_queue();
  void check_limits();
  std::shared_ptr<h1_job> find(h1_job& job) const;

  template <class Deliver>
  void deliver(Deliver f);
  /// Calls *f* later, unless the job has ended by then.
  template <class Action>
  void post_to(h1_job& job, Action f);

  asio::io_context& loop_;
  const std::chrono::milliseconds gather_time_;
  std::shared_ptr<metrics> counts_;
  event_poll poll_;
  tls_client tls_;
  connection_pool pool_;
  name_lookup names_;
  /// When time limits are checked next.
  std::shared_ptr<lazy_timer> limits_timer_;
  std::optional<gathering_jobs<h1_job>> gathering_;
  std::atomic<std::size_t> owned_{0};
  std::unordered_map<h1_job*, std::shared_ptr<h1_job>> jobs_;
  /// The jobs that wait for room among the connections, first come, first served; some may have
  /// ended.
  std::deque<std::weak_ptr<h1_job>> queue_;
  /// The buffer that sockets are read into, and the event that carries its bytes: shared, since one
  /// socket is read at a time.
  std::vector<char> buffer_;
  transfer_event event_;
  /// Whether readers are being called, and the jobs that they dropped meanwhile.
  bool delivering_ = false;
  std::vector<std::shared_ptr<h1_job>> dropped_;
};

} // namespace nekod::http
