#pragma once

#include "actors/upstream/accounts/account_pool.hpp"
#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/anuneko/anuneko_options.hpp"
#include "protocol/anuneko/calls.hpp"
#include "protocol/chat/failure.hpp"

#include <memory>
#include <string>

/// The HTTP of one AnuNeko account: the header fields of its calls, and the meaning of failed ones.
namespace nekod {

/// Turns calls of the protocol into HTTP calls of one account, and records how they ended. May be
/// used from any thread.
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

/// Starts the record of a call that begins now.
/// @param model The service's name for it; empty for none.
running_call begun(anuneko::call_kind kind, std::string model = {});

/// The error for clients after an error object of the service. The service's text may quote the
/// message, so only its code is passed on.
chat::failure failure_of(const anuneko::service_error& e);

/// The error for a response whose status does not mean success.
chat::failure failure_of(const upstream_response& r);

} // namespace nekod
