#pragma once

#include "http/server/message/outlet.hpp"
#include "http/server/message/request_reader.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nekod::http {

/// The bytes of one connection that have arrived and are not answered yet. One request is answered
/// at a time: what a client sends meanwhile waits here, up to a limit. To be used on the
/// connection's strand.
class inbox {
public:
  explicit inbox(const std::shared_ptr<const reading_rules>& rules)
      : reader_(rules), counted_(byte_budget::for_request(rules->budget)) {}

  /// Takes bytes that arrived.
  void take(std::string_view bytes);

  /// Whether a request is complete, and the one before it is answered.
  bool ready();

  /// Whether nothing more may be taken in before a request is answered.
  bool full() const { return held_.size() >= most_held || reader_.stream_is_full(); }

  /// Calls *f* once the body's reader has made room, on any thread; not at
  /// all if there is room now, or no body is streamed.
  void when_room(std::function<void()> f);

  /// Whether the client waits for "100 Continue". If so, the caller must send it.
  bool take_continue_debt() noexcept { return !busy_ && reader_.take_continue_debt(); }

  /// Whether everything from now on is discarded.
  bool broken() const noexcept { return reader_.broken(); }

  /// The complete request, which is being answered from now on.
  request release();

  /// The answer has been written completely.
  void answered();

  /// Nothing more will come: the client has closed its sending side.
  /// @returns whether it still waits for an answer. If another request could have followed its
  /// request, it counts as gone.
  bool end();

  /// The connection is to close as soon as possible.
  void leave();

  /// The connection is to close if no request's header has arrived.
  void give_way();

  /// Whether the connection is to close now. A leaving connection closes once it has had an answer
  /// and no part of another request has arrived. Without any answer so far it stays open: its
  /// client would take the end for a failure.
  bool over() const noexcept;

  /// Called when a request that waited for the answer before it becomes ready, and when the
  /// connection is to close.
  std::function<void()> wake;

  /// Writes bytes of the answer past RESTinio.
  outlet way_out;

private:
  /// The most bytes that wait while a request is being answered.
  static constexpr std::size_t most_held = 16u << 10;

  void read_held();
  void drop_held();

  request_reader reader_;
  std::string held_;
  /// The held bytes. They are in memory already, so they count without a request for room.
  byte_budget::share counted_;
  bool busy_ = false;
  /// Whether a request has been answered.
  bool used_ = false;
  /// Whether the current request is the last one, as its header says.
  bool last_ = false;
  bool ended_ = false;
  bool leaving_ = false;
  bool gives_way_ = false;
};

} // namespace nekod::http
