#pragma once

#include "actors/upstream/accounts/account_pool.hpp"
#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/openai/openai_options.hpp"
#include "actors/upstream/passed_call.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/openai/errors.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// HTTP as one account at an OpenAI-compatible server speaks it, and what failed calls mean.
namespace nekod {

enum class openai_call : std::uint8_t { models, chat_completions, passed };

/// A call that begins now.
/// @param model As the server calls it; empty for none.
running_call begun(openai_call kind, std::string model = {});

/// May be used from any thread.
class openai_account : public account_watch {
public:
  /// @param breaker The circuit breaker of the server, which its accounts share.
  openai_account(const openai_options& server, openai_secrets secrets,
                 std::shared_ptr<circuit> breaker);

  http_call list_models() const;

  /// @param stream Whether the answer comes in pieces. One in a single piece begins when it is
  ///               ready, so that its first byte may take as long as the whole.
  /// @param passed The nekods that the request came through, as `X-Nekod-Via` names them.
  http_call complete_chat(std::string body, bool stream, const std::string& passed) const;

  /// @param what Its header fields' names in lower case.
  http_call pass(const passed_request& what) const;

  /// What a client is told of a response that is none of success.
  openai::error failure_of(const upstream_response& r) const;

  /// The same of an error that the server told, without the key, should its words quote it.
  openai::error without_key(openai::error e) const;

  /// What answers in one piece hold while they arrive; null for no limit.
  const std::shared_ptr<byte_budget>& budget() const noexcept { return budget_; }

private:
  http_call make(const char* method, const char* path, const std::string& passed = {}) const;
  void add_origin(http_call& call, const std::string& passed) const;
  void add_key(http_call& call) const;
  bool is_key_header(std::string_view name) const;

  std::string base_url_;
  std::string key_header_;
  openai_secrets secrets_;
  std::string instance_;
  time_limits limits_;
  std::shared_ptr<byte_budget> budget_;
};

using openai_accounts = account_pool<openai_account>;

/// All accounts of a server.
std::shared_ptr<const openai_accounts> accounts_of(const openai_options& server);

} // namespace nekod
