#pragma once

#include "actors/runtime/metrics.hpp"
#include "http/server/gate/api_keys.hpp"
#include "http/server/gate/client_address.hpp"
#include "http/server/gate/origin_rules.hpp"
#include "http/server/gate/rate_limiter.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nekod::http {

/// Who is let in, and how often.
struct admission_rules {
  /// None where any key is taken: all callers are one tenant then.
  std::optional<api_keys> keys;
  /// For all requests of a caller, and for its chats among them; keys may have limits of their own.
  rate_limit requests;
  rate_limit chats;
  /// Proxies whose word on a client's address is taken.
  std::vector<network> trusted_proxies;
  /// Which host names and pages are allowed where no key is wanted.
  origin_rules origins;
};

/// Who sent a request.
struct caller {
  /// Empty without a key file.
  std::string tenant;
  /// Whether it may see what belongs to others.
  bool admin = false;
  /// Its address, behind trusted proxies too.
  std::string address;
  /// Its own limits, where its key has some.
  std::optional<rate_limit> requests;
  std::optional<rate_limit> chats;
};

/// The refusal of *r* for its source; nothing where that is no reason.
/// @param by_name Whether pages are allowed by name only.
std::optional<openai::error> refusal_of(request_source source, const request& r, bool by_name);

/// The gate that requests pass first. Limits count by tenant where there are keys, else by address.
/// May be used by several threads at once, also while the rules change.
class admission {
public:
  admission(admission_rules rules, std::shared_ptr<metrics> counts);

  /// Takes other rules. A limit that stays the same goes on counting.
  void use(admission_rules rules);

  /// Whose request it is; without a key that is known nobody's, but for its address.
  caller identify(const request& r) const;

  /// Whether *who* may go on: not so for nobody where keys are wanted.
  bool knows(const caller& who) const;

  /// Counts a request of *who*.
  /// @returns nothing if it may pass, else the refusal with the time to wait.
  std::optional<openai::error> refusal(const caller& who, bool chat) const;

  /// Counts *turns* further ones of a chat of *who* that passed, which wants several answers.
  /// @returns nothing if it may go on, else the refusal; the chat is not counted then either.
  std::optional<openai::error> further_refusal(const caller& who, std::uint32_t turns) const;

  /// Whether any key is taken, so that a page could use what its visitor reaches.
  bool is_open() const { return !now()->rules.keys; }

  /// Where *r* comes from, whether keys are wanted or not.
  request_source source_of(const request& r) const { return now()->rules.origins.source_of(r); }

  /// Whether pages are allowed by name: others get nothing then.
  bool names_origins() const { return now()->rules.origins.names_origins(); }

  /// Why *who* may not read the metrics with *r*: an admin may, a caller of this machine that no
  /// foreign page has sent, and anybody where there are no keys.
  /// @returns nothing where it may.
  std::optional<openai::error> watch_refusal(const caller& who, const request& r) const;

  /// Whether *who* may have requests passed on that name objects which belong to nobody here: with
  /// an admin's key, or where there are no keys from this machine.
  /// @param behind_proxy Whether the request came by way of a proxy, as far as it says.
  bool may_pass_all(const caller& who, bool behind_proxy) const;

private:
  using limiters = std::map<std::string, std::shared_ptr<rate_limiter>>;

  /// Rules in force with what counts for them.
  struct state {
    admission_rules rules;
    /// By the kind and text of their limit.
    limiters counting;
  };

  /// The limiters that count for one caller; null where there is no limit.
  struct callers_limiters {
    rate_limiter* requests = nullptr;
    rate_limiter* chats = nullptr;
  };

  std::shared_ptr<const state> now() const;
  static callers_limiters limiters_of(const state& current, const caller& who);
  openai::error refused(const char* kind, std::chrono::seconds wait) const;

  std::shared_ptr<metrics> counts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const state> state_;
};

} // namespace nekod::http
