#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/conversation.hpp"
#include "bench/load/stream_checker.hpp"
#include "bench/load/tally.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace nekod::load {

/// One client: leads conversations over a connection of its own, a turn at a time, and keeps count
/// of how each went. Belongs to one thread.
class client final : connection::listener {
public:
  /// Called when a request ended, with whether it went well. May start the next one.
  using idle_handler = std::function<void(client&, bool)>;

  /// @param name Tells its conversations from those of others.
  /// All references must outlive it.
  client(asio::io_context& loop, run_state& run, tally& results, std::string name, idle_handler f);

  /// Sends the next request. None may be under way.
  /// @param intended Where its times count from.
  void start(clock::time_point intended);

  bool busy() const noexcept { return busy_; }

  /// Gives up a request for which nothing came in time.
  void check_time(clock::time_point now);

  /// Gives up a request, as the program would wait no longer.
  void cut();

private:
  void on_connected() override;
  void on_head(const response_head& head) override;
  void on_body(std::string_view bytes) override;
  void on_end() override;
  void on_failure(fault f) override;

  void take_stream(std::string_view bytes);
  void record_gaps(std::size_t n, clock::duration first);
  std::optional<fault> check();
  std::optional<fault> check_text(std::string_view escaped);
  void succeed();
  void fail(fault f);
  void end(bool well);

  run_state& run_;
  tally& results_;
  std::string name_;
  idle_handler idle_;
  connection connection_;

  std::optional<conversation> talk_;
  std::uint64_t talks_ = 0;
  bool busy_ = false;
  clock::time_point intended_{};
  unsigned status_ = 0;
  stream_checker checker_;
  /// A whole answer, or a refusal.
  std::string body_;
  clock::time_point last_piece_{};
  std::chrono::nanoseconds first_{};
  /// Whether the request's times count.
  bool counts_ = false;
};

} // namespace nekod::load
