#pragma once

#include "http/server/message/request_reader.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nekod::http {

/// What came over one connection and is not answered yet. It has one request answered at a time:
/// what a client sends meanwhile waits here, up to a limit. To be used on the connection's strand.
class inbox {
public:
  explicit inbox(const std::shared_ptr<const reading_rules>& rules)
      : reader_(rules), counted_(byte_budget::for_request(rules->budget)) {}

  /// Takes in what arrived.
  void take(std::string_view bytes);

  /// Whether a request is whole, and the one before it is answered.
  bool ready();

  /// Whether no more may be taken in before a request is answered.
  bool full() const { return held_.size() >= most_held || reader_.stream_is_full(); }

  /// Whether that is so since the body of the request that is answered is not taken. Then *f* is
  /// called once there is room again, on any thread.
  bool waits_for_room(std::function<void()> f);

  /// Whether the client waits to be told to go on, by who asks.
  bool take_continue_debt() noexcept { return !busy_ && reader_.take_continue_debt(); }

  /// Whether what comes from now on is thrown away.
  bool broken() const noexcept { return reader_.broken(); }

  /// The request that is ready; it is being answered from now on.
  request release();

  /// The answer is on its way, whole.
  void answered();

  /// Nothing more will come: the client has closed its sending half.
  /// @returns whether it waits for an answer all the same. That of a request behind which another
  ///          could come has left.
  bool end();

  /// The connection is to close as soon as it may.
  void leave();

  /// The connection is to close if no head of a request has come.
  void give_way();

  /// Whether the connection is to close now. One that is leaving does so once it has had an answer,
  /// and nothing of another request has come. One that has had none waits: its client takes that
  /// for a failure.
  bool over() const noexcept;

  /// Called when a request became ready that had waited for the answer before it, and when the
  /// connection is to close.
  std::function<void()> wake;

private:
  /// Bytes that wait behind a request that is being answered.
  static constexpr std::size_t most_held = 16u << 10;

  void read_held();
  void drop_held();

  request_reader reader_;
  std::string held_;
  /// The bytes held. They are in memory already, so they count without being asked for.
  byte_budget::share counted_;
  bool busy_ = false;
  /// Whether a request was answered.
  bool used_ = false;
  /// Whether the request that is being answered said that it is the last.
  bool last_ = false;
  bool ended_ = false;
  bool leaving_ = false;
  bool gives_way_ = false;
};

} // namespace nekod::http
