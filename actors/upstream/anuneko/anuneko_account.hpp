#pragma once

#include "actors/upstream/accounts/account_pool.hpp"
#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/anuneko/anuneko_options.hpp"
#include "protocol/anuneko/calls.hpp"
#include "protocol/openai/errors.hpp"

#include <memory>
#include <string>

/// HTTP as one AnuNeko account speaks it: its headers on each call, and what failed ones mean.
namespace nekod {

/// Turns calls of the protocol into HTTP calls of one account, and keeps in mind how they ended.
/// May be used from any thread.
class anuneko_account : public account_watch {
public:
  /// @param breaker The circuit breaker of the service, which its accounts share.
  anuneko_account(const anuneko_options& service, anuneko_secrets secrets,
                  std::shared_ptr<circuit> breaker);

  /// @param repeatable As in `http_call`.
  http_call make(anuneko::call c, bool repeatable) const;

private:
  std::string base_url_;
  std::string origin_;
  anuneko_secrets secrets_;
  time_limits limits_;
};

using anuneko_accounts = account_pool<anuneko_account>;

/// All accounts of a service.
std::shared_ptr<const anuneko_accounts> accounts_of(const anuneko_options& service);

/// A call that begins now.
/// @param model As the service calls it; empty for none.
running_call begun(anuneko::call_kind kind, std::string model = {});

/// What the client is told of an error object of the service's. Its words may quote the message, so
/// that only its code is passed on.
openai::error failure_of(const anuneko::service_error& e);

/// What a response means whose status is none of success.
openai::error failure_of(const upstream_response& r);

} // namespace nekod
