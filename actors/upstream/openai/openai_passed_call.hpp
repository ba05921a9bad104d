#pragma once

#include "actors/upstream/openai/openai_account.hpp"
#include "actors/upstream/passed_call.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace nekod {

/// A call that passes to an OpenAI-compatible server, by one of its accounts. All answers pass as
/// they are but for those that concern us alone: a refusal of the account becomes an error of ours,
/// and so does a redirect. Where the whole body is at hand another account is asked in place of one
/// that is refused or limited.
class openai_passed_call : public passed_call {
public:
  openai_passed_call(transport& net, std::shared_ptr<const openai_accounts> accounts,
                     passed_request what, passed_call_listener& listener, transport::sink events);
  ~openai_passed_call() override;

  openai_passed_call(const openai_passed_call&) = delete;
  openai_passed_call& operator=(const openai_passed_call&) = delete;

  /// Begins. Once, after construction.
  void start();

  void grant(std::size_t bytes) override;
  void abandon(std::chrono::steady_clock::time_point client_left) override;
  void on_transfer(transfer_event&& event) override;

private:
  void take_head(const transfer_event& head);
  void take_data(std::string bytes);
  void take_end(transfer_failure f);
  bool is_ours_to_tell() const noexcept;
  bool may_ask_another() const;
  void end_held();

  transport& net_;
  std::shared_ptr<const openai_accounts> accounts_;
  passed_request what_;
  passed_call_listener& listener_;
  transport::sink events_;

  std::shared_ptr<openai_account> account_;
  counted_turn counted_;
  std::uint64_t number_ = 0;
  running_call call_;
  bool running_ = false;
  std::unique_ptr<transfer> transfer_;
  upstream_response response_;
  std::shared_ptr<const header_fields> fields_;
  /// Whether the answer waits for its end, since it may not pass.
  bool held_ = false;
};

} // namespace nekod
