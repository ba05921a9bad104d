#pragma once

#include "bench/load/dialogue.hpp"
#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"
#include "protocol/anuneko/calls.hpp"
#include "protocol/anuneko/reply_decoder.hpp"
#include "protocol/chat/deltas.hpp"

#include <cstdint>

namespace nekod::load {

/// A conversation with an AnuNeko service itself, or with a proxy that only relays it: the cost of
/// nekod's own upstream calls without nekod. A turn is one message; a chat is created before the
/// first turn, and the reply is chosen after each.
class anuneko_dialogue final : public dialogue {
public:
  anuneko_dialogue(const options& o, const post_writer& w, std::string name);

  bool over() const override { return options_.turns != 0 && turn_ >= options_.turns; }
  void begin_turn() override;
  std::string next_request() override;
  bool is_measured() const override { return at_ == step::message; }
  std::size_t on_body(unsigned status, std::string_view bytes) override;
  std::optional<fault> on_end(unsigned status) override;

private:
  enum class step : std::uint8_t { begin, chat, message, choice };

  std::string posted(const anuneko::call& c) const;
  std::optional<fault> check_reply();
  std::optional<fault> take_chat();

  const options& options_;
  const post_writer& writer_;
  std::string name_;
  std::uint64_t turn_ = 0;
  std::string chat_;
  step at_ = step::begin;
  /// The answer to the newest request: a reply is read as it arrives, others at their end.
  anuneko::reply_decoder reply_;
  deltas text_;
  std::uint64_t pieces_ = 0;
  std::string body_;
};

} // namespace nekod::load
