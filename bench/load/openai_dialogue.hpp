#pragma once

#include "bench/load/conversation.hpp"
#include "bench/load/dialogue.hpp"
#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"
#include "bench/load/stream_checker.hpp"

namespace nekod::load {

/// A conversation over `POST /chat/completions` or `POST /responses`, one request a turn.
class openai_dialogue final : public dialogue {
public:
  openai_dialogue(const options& o, const post_writer& w, std::string name);

  bool over() const override { return talk_.over(); }
  void begin_turn() override;
  std::string next_request() override;
  bool is_measured() const override { return true; }
  std::size_t on_body(unsigned status, std::string_view bytes) override;
  std::optional<fault> on_end(unsigned status) override;

private:
  std::optional<fault> check_stream();
  std::optional<fault> take_answer(std::string_view escaped, std::string id);

  const options& options_;
  conversation talk_;
  bool asked_ = false;
  stream_checker checker_;
  /// A whole answer, or a refusal.
  std::string body_;
};

} // namespace nekod::load
