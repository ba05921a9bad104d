#pragma once

#include "actors/runtime/metrics.hpp"
#include "http/server/gate/api_keys.hpp"
#include "http/server/gate/client_address.hpp"
#include "http/server/gate/limit_request.hpp"
#include "http/server/gate/origin_rules.hpp"
#include "http/server/gate/rate_limiter.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nekod::http {

/// The rules of the gate.
struct admission_rules {
  /// Nothing if any key is accepted: all callers are one tenant then.
  std::optional<api_keys> keys;
  /// The limits on all requests of a caller, and on its chats; keys may have limits of their own.
  rate_limit requests;
  rate_limit chats;
  /// Proxies whose forwarded client addresses are trusted.
  std::vector<network> trusted_proxies;
  /// The host names and pages that are allowed if no key is required.
  origin_rules origins;
};

/// The sender of a request.
struct caller {
  /// Empty without a key file.
  std::string tenant;
  /// Whether it may see the data of other tenants.
  bool admin = false;
  /// Its address, also behind trusted proxies.
  std::string address;
  /// The limits of its key, if it has any.
  std::optional<rate_limit> requests;
  std::optional<rate_limit> chats;
};

/// A key in force, and its use.
struct key_in_use {
  api_keys::entry entry;
  /// In seconds since the epoch; 0 if not since this process began.
  std::int64_t last_used = 0;
};

/// The rest of one rate of a caller's limits.
struct limit_standing {
  /// The requests that it limits: `requests` or `chat`.
  std::string on;
  std::uint64_t count = 0;
  std::chrono::seconds period{0};
  std::uint64_t left = 0;
};

/// The refusal of *r* because of its source; nothing if there is no reason to refuse it.
/// @param by_name Whether pages are allowed by name only.
std::optional<chat::failure> refusal_of(request_source source, const request& r, bool by_name);

/// The gate that every request passes first. Limits count by tenant if there are keys, else by
/// address. Thread-safe, even while the rules change.
class admission {
public:
  admission(admission_rules rules, std::shared_ptr<metrics> counts);

  /// Sets new rules. An unchanged limit keeps its counts.
  void use(admission_rules rules);

  /// Replaces the keys alone.
  void use(api_keys keys);

  /// The keys in force; none if any key is accepted.
  std::vector<key_in_use> keys() const;

  /// The hash of the key in *r*; nothing if it is not valid.
  std::optional<key_hash> key_of(const request& r) const;

  /// Identifies the caller; without a valid key only the address is set.
  caller identify(const request& r) const;

  /// Whether *who* may continue: false without a valid key if keys are required.
  bool knows(const caller& who) const;

  /// Counts a request of *who*.
  /// @returns nothing if it may pass, else the refusal with the time to wait.
  std::optional<chat::failure> refusal(const caller& who, bool chat) const;

  /// Counts *turns* further turns for a chat of *who* that has passed and asks for several answers.
  /// @returns nothing if it may continue, else the refusal; the chat does not count then either.
  std::optional<chat::failure> further_refusal(const caller& who, std::uint32_t turns) const;

  // If several nodes count together, this node's limiters never know of more than all have counted:
  // requests that they refuse need no question.

  /// The question that takes that many requests and chats from the limits of *who*.
  limit_request limit_request_of(const caller& who, int requests, int chats) const;

  /// Takes over what all nodes have counted.
  /// @returns the refusal if the request may not pass; it does not count here either then.
  std::optional<chat::failure> refusal(const limit_request& q, const limit_verdict& v) const;

  /// The rest of the limits of *who*, as far as this node knows; empty if there are none.
  std::vector<limit_standing> standing_of(const caller& who) const;

  /// Whether any key is accepted, so that a page could use whatever its visitor can reach.
  bool is_open() const { return !now()->rules.keys; }

  /// The source of *r*, whether keys are required or not.
  request_source source_of(const request& r) const { return now()->rules.origins.source_of(r); }

  /// Whether pages are allowed by name: other pages may do nothing then.
  bool names_origins() const { return now()->rules.origins.names_origins(); }

  /// Why *who* may not read the metrics with *r*. Allowed are admins, callers on this machine
  /// unless a foreign page sent the request, and everyone if there are no keys.
  /// @returns nothing if it may.
  std::optional<chat::failure> watch_refusal(const caller& who, const request& r) const;

  /// Whether requests of *who* pass through even if they name objects without an owner here: with
  /// an admin's key, or, if there are no keys, from this machine.
  /// @param behind_proxy Whether the request came through a proxy, as far as it says.
  bool may_pass_all(const caller& who, bool behind_proxy) const;

private:
  using limiters = std::map<std::string, std::shared_ptr<rate_limiter>>;

  /// The current rules and their counters.
  struct state {
    admission_rules rules;
    /// By the kind and text of their limit.
    limiters counting;
    /// When each key was used last, in seconds since the epoch; in the order of the keys.
    std::vector<std::shared_ptr<std::atomic<std::int64_t>>> used;
  };

  /// The limiters for one caller; null for no limit.
  struct callers_limiters {
    rate_limiter* requests = nullptr;
    rate_limiter* chats = nullptr;
  };

  std::shared_ptr<const state> now() const;
  static void keep_use(state& next, const state& before);
  static callers_limiters limiters_of(const state& current, const caller& who);
  chat::failure refused(const char* kind, std::chrono::seconds wait) const;

  std::shared_ptr<metrics> counts_;
  mutable std::mutex mutex_;
  std::shared_ptr<const state> state_;
};

} // namespace nekod::http
