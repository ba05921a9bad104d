#pragma once

#include "actors/upstream/upstream.hpp"
#include "actors/upstream/upstream_exchange.hpp"
#include "protocol/anuneko/branch_counter.hpp"
#include "protocol/anuneko/reply_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// The AnuNeko service's reply to a message, as it arrives: one answer, or as many alternatives as
/// the turn wants.
class anuneko_reply {
public:
  /// @param answers How many answers the turn wants; at least one.
  explicit anuneko_reply(std::size_t answers = 1);

  /// Reads the next bytes and passes on the text that they complete. Passing it on may end the
  /// turn, and with it this reply.
  void feed(std::string_view bytes, upstream_exchange& from, upstream_listener& to);

  /// The body is complete: passes on what was held back of its last character.
  void finish(upstream_exchange& from, upstream_listener& to);

  /// The error that ended the reply, and whether it is the service's own rather than one in its
  /// form.
  const std::optional<anuneko::service_error>& error() const noexcept { return first_.error(); }
  bool error_is_theirs() const { return first_.error_is_theirs(); }

  /// The id of the message that the reply becomes; empty while the service has not sent it.
  const std::string& message_id() const noexcept { return first_.message_id(); }

  /// The number of skipped events.
  std::uint64_t skipped() const noexcept { return first_.skipped(); }

  /// How the answers ended.
  upstream_answer end() const;

private:
  /// An answer from the second on.
  struct alternative {
    explicit alternative(int branch) : decoder(branch) {}

    anuneko::reply_decoder decoder;
    /// Whether some of its text has arrived.
    bool begun = false;
  };

  using reader = std::function<void(anuneko::reply_decoder&, deltas&)>;

  void read_all(const reader& read, std::size_t bytes, upstream_exchange& from,
                upstream_listener& to);
  void count(std::string_view bytes, upstream_listener& to);

  anuneko::reply_decoder first_;
  std::vector<alternative> others_;
  anuneko::branch_counter branches_;
};

} // namespace nekod
