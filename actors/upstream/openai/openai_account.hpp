#pragma once

#include "actors/upstream/accounts/account_pool.hpp"
#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/openai/openai_options.hpp"
#include "actors/upstream/passed_call.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The HTTP of one account at an OpenAI-compatible server, and the meaning of failed calls.
namespace nekod {

enum class openai_call : std::uint8_t { models, chat_completions, passed };

/// Starts the record of a call that begins now.
/// @param model The server's name for it; empty for none.
running_call begun(openai_call kind, std::string model = {});

/// May be used from any thread.
class openai_account : public account_watch {
public:
  /// @param breaker The circuit breaker of the server, which its accounts share.
  openai_account(const openai_options& server, openai_secrets secrets,
                 std::shared_ptr<circuit> breaker);

  http_call list_models() const;

  /// @param stream Whether the answer is to be streamed. A whole one begins when it is complete, so
  ///               that its first byte may take as long as all of it.
  /// @param passed The nekods that the request came through, as `X-Nekod-Via` lists them.
  http_call complete_chat(std::string body, bool stream, const std::string& passed) const;

  /// @param what Must have the names of its header fields in lower case.
  http_call pass(const passed_request& what) const;

  /// The error for clients after a response whose status does not mean success.
  chat::failure failure_of(const upstream_response& r) const;

  /// *e* without the key, in case the server's text quotes it.
  chat::failure without_key(chat::failure e) const;

  /// How the server differs from others.
  const openai::server_form& form() const noexcept { return form_; }

  /// Counts answers that are wanted whole while they arrive; null for no limit.
  const std::shared_ptr<byte_budget>& budget() const noexcept { return budget_; }

private:
  http_call make(const char* method, const char* path, const std::string& passed = {}) const;
  void add_origin(http_call& call, const std::string& passed) const;
  void add_key(http_call& call) const;
  bool is_key_header(std::string_view name) const;

  std::string base_url_;
  std::string key_header_;
  openai::server_form form_;
  openai_secrets secrets_;
  std::string instance_;
  time_limits limits_;
  std::shared_ptr<byte_budget> budget_;
};

using openai_accounts = account_pool<openai_account>;

/// All accounts of a server.
std::shared_ptr<const openai_accounts> accounts_of(const openai_options& server);

} // namespace nekod
