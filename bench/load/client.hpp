#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/dialogue.hpp"
#include "bench/load/tally.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace nekod::load {

/// One client: leads conversations over a connection of its own, a turn at a time, and keeps count
/// of how each went. Belongs to one thread.
class client final : connection::listener {
public:
  /// Called when a turn ended, with whether it went well. May start the next one.
  using idle_handler = std::function<void(client&, bool)>;

  /// @param name Tells its conversations from those of others.
  /// All references must outlive it.
  client(asio::io_context& loop, run_state& run, tally& results, std::string name, idle_handler f);

  /// Begins the next turn. None may be under way.
  /// @param intended Where its times count from.
  void start(clock::time_point intended);

  bool busy() const noexcept { return busy_; }

  /// Gives up a turn for which nothing came in time.
  void check_time(clock::time_point now);

  /// Gives up a turn, as the program would wait no longer.
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
  /// For requests that are not measured, where they go elsewhere.
  connection aside_;
  /// The one of them that was used last.
  connection* current_;

  std::unique_ptr<dialogue> talk_;
  std::uint64_t talks_ = 0;
  bool busy_ = false;
  clock::time_point intended_{};
  unsigned status_ = 0;
  /// Of the answer under way.
  std::uint64_t pieces_ = 0;
  clock::time_point last_piece_{};
  std::chrono::nanoseconds first_{};
  /// Whether the request's times count.
  bool counts_ = false;
};

} // namespace nekod::load
