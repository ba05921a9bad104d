#pragma once

#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/upstream.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace nekod {

/// The time limit for a list, whatever that for answers is: turns wait for it.
inline constexpr std::chrono::milliseconds longest_list_time{30'000};

/// The time limit for a probe: less than the time to the next one.
inline constexpr std::chrono::milliseconds longest_probe_time{5'000};

/// *call* with *time* as its time limit.
http_call within(http_call call, std::chrono::milliseconds time);

/// The most bytes of such a list; some services say more about each model than its name.
inline constexpr std::size_t longest_model_list = 16u << 20;

/// Calls *make* to make a probe if the circuit breaker wants one now.
/// @returns the time until the next probe is due; nothing if none is needed.
std::optional<std::chrono::milliseconds> probe_if_due(circuit& breaker,
                                                      const std::function<void()>& make);

/// The query for a service's list of models, for one caller at a time.
class models_query {
public:
  using answer = result<std::vector<chat::listed_model>, chat::failure>;
  using reader = std::function<answer(const upstream_response&)>;

  /// @param kind The call's index in the watch's list of names.
  /// @param read Reads the models from a complete response.
  models_query(transport& net, std::size_t kind, call_purpose purpose, reader read)
      : net_(net), kind_(kind), purpose_(purpose), read_(std::move(read)) {}

  /// @param who The account that makes the call.
  void start(std::shared_ptr<account_watch> who, http_call call,
             upstream_service::models_handler f);

private:
  void take(const transfer_event& event);
  answer read(const transfer_event& event) const;

  transport& net_;
  std::size_t kind_;
  call_purpose purpose_;
  reader read_;
  std::mutex mutex_;
  std::shared_ptr<account_watch> account_;
  std::uint64_t number_ = 0;
  running_call running_;
  std::unique_ptr<transfer> transfer_;
  upstream_response response_;
  upstream_service::models_handler handler_;
};

} // namespace nekod
