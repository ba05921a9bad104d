#pragma once

#include "actors/upstream/openai/openai_account.hpp"
#include "actors/upstream/passed_call.hpp"
#include "actors/upstream/upstream_exchange.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace nekod {

/// A call that passes to an OpenAI-compatible server, through one of its accounts. All answers pass
/// unchanged, except those that concern only us: a refusal of the account becomes an error of ours,
/// and so does a redirect. If the whole body is at hand, another account is asked in place of one
/// that is refused or limited.
class openai_passed_call : public passed_call, private exchange_listener {
public:
  openai_passed_call(transport& net, std::shared_ptr<const openai_accounts> accounts,
                     passed_request what, passed_call_listener& listener, transport::sink events);

  openai_passed_call(const openai_passed_call&) = delete;
  openai_passed_call& operator=(const openai_passed_call&) = delete;

  /// Makes the call. To be called once, after construction.
  void start();

  void grant(std::size_t bytes) override { exchange_.grant(bytes); }
  void abandon(std::chrono::steady_clock::time_point client_left) override;
  void on_transfer(transfer_event&& event) override { exchange_.on_transfer(std::move(event)); }

private:
  void on_head(const transfer_event& head) override;
  void on_body(std::string&& bytes) override;
  void on_end() override;
  bool is_ours_to_tell() const noexcept;
  bool may_ask_another() const;
  void end_held();

  std::shared_ptr<const openai_accounts> accounts_;
  passed_request what_;
  passed_call_listener& listener_;
  upstream_exchange exchange_;

  std::shared_ptr<openai_account> account_;
  /// The number of calls made, each by another account.
  std::size_t calls_ = 0;
  std::shared_ptr<const header_fields> fields_;
  /// Whether the answer is held back until its end, since it may have to be replaced.
  bool held_ = false;
};

} // namespace nekod
