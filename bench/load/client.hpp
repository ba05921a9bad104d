#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/dialogue.hpp"
#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"
#include "bench/load/tally.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace nekod::load {

/// One client: has conversations over a connection of its own, one turn at a time, and records the
/// outcome of each. Belongs to one thread.
class client final : connection::listener {
public:
  /// Called when a turn has ended, with whether it succeeded. May start the next one.
  using idle_handler = std::function<void(client&, bool)>;

  /// @param name Distinguishes its conversations from those of other clients. All references must
  /// outlive it.
  client(asio::io_context& loop, run_state& run, tally& results, std::string name, idle_handler f);

  /// Begins the next turn. No turn may be running.
  /// @param intended The time from which its times count.
  void start(clock::time_point intended);

  bool busy() const noexcept { return busy_; }

  /// Ends a turn that has got nothing within the time limit.
  void check_time(clock::time_point now);

  /// Ends a turn because the program does not wait any longer.
  void cut();

private:
  void on_connected() override;
  void on_head(const response_head& head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_failure(fault f) override;

  void send(std::string request);
  void take_pieces(std::size_t n);
  void record_gaps(std::size_t n, clock::duration first);
  void record_answer();
  void fail(fault f);
  void end(bool well);

  run_state& run_;
  tally& results_;
  std::string name_;
  idle_handler idle_;
  connection connection_;
  /// For requests that are not measured, if they have another address.
  connection aside_;
  /// The connection that was used last.
  connection* current_;

  std::unique_ptr<dialogue> talk_;
  std::uint64_t talks_ = 0;
  bool busy_ = false;
  clock::time_point intended_{};
  unsigned status_ = 0;
  /// Of the running answer.
  std::uint64_t pieces_ = 0;
  clock::time_point last_piece_{};
  std::chrono::nanoseconds first_{};
  /// Whether the request's times count.
  bool counts_ = false;
};

} // namespace nekod::load
