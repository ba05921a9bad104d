#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/upstream/passed_call.hpp"
#include "http/server/api/passing/pass_paths.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/model_finder.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// Settings that all passing requests share.
struct pass_options {
  nekod::language language{};
  /// The most bytes of a body that are held until its model is found.
  std::size_t most_held = 1u << 20;
  /// The longest time without a byte of a client's body.
  std::chrono::milliseconds client_silence{0};
  /// Counts the held bytes; null for no limit.
  std::shared_ptr<byte_budget> budget;
};

/// One request that passes to an upstream, and its answer that passes back. It holds the body until
/// its model is found, asks for the model's upstream, and from then on carries bytes in both
/// directions at the pace of the slower side. Lives as long as its exchange is unanswered; runs on
/// the connection's loop.
class pass_relay : public passed_call_listener, public std::enable_shared_from_this<pass_relay> {
public:
  using choice = result<model_choice, chat::failure>;
  /// Finds the upstream that has the model with that name, which may be empty; answers on any
  /// thread.
  using chooser = std::function<void(const std::string& model, std::function<void(choice)> f)>;

  pass_relay(exchange_ptr x, std::string request_id, pass_target target,
             std::shared_ptr<const pass_options> options, chooser choose);

  /// Starts. To be called once, after construction.
  void start();

  void on_head(std::uint16_t status, const header_fields& fields) override;
  void on_data(std::string bytes) override;
  void on_end() override;
  void on_failure(const chat::failure& reason) override;

private:
  void look();
  bool read_on();
  void search();
  void chosen(choice found);
  void name_model(const std::string& upstream_name);
  passed_request request_to_pass();
  void take(transfer_event event);
  void write_head();
  void look_for_silence();
  void fail(const chat::failure& reason);
  void leave(std::chrono::steady_clock::time_point then);
  void end();

  exchange_ptr exchange_;
  std::string request_id_;
  pass_target target_;
  std::shared_ptr<const pass_options> options_;
  chooser choose_;

  openai::model_finder finder_;
  /// The part of the body that arrived before the call began, and whether that is all of it.
  std::string held_;
  byte_budget::share room_;
  bool whole_ = false;
  model_search found_ = model_search::looking;
  /// By how much the body grows or shrinks because its model is renamed.
  std::int64_t longer_ = 0;

  std::string upstream_;
  std::shared_ptr<passed_call> call_;
  bool begun_ = false;
  bool wrote_ = false;
};

} // namespace nekod::http
