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

/// How long a list may take, whatever answers may: turns wait for it.
inline constexpr std::chrono::milliseconds longest_list_time{30'000};

/// How long a probe may take: less than the time to the next one.
inline constexpr std::chrono::milliseconds longest_probe_time{5'000};

/// *call* within *time*, whatever its limits are.
http_call within(http_call call, std::chrono::milliseconds time);

/// Bytes of such a list; some services tell more of each model than its name.
inline constexpr std::size_t longest_model_list = 16u << 20;

/// Has *make* make a probe where the circuit breaker wants one now.
/// @returns the time until the next; nothing while there is none to make.
std::optional<std::chrono::milliseconds> probe_if_due(circuit& breaker,
                                                      const std::function<void()>& make);

/// A service's list of models, asked for by one caller at a time.
class models_query {
public:
  using answer = result<std::vector<openai::listed_model>, openai::error>;
  using reader = std::function<answer(const upstream_response&)>;

  /// @param kind The call's place among the watch's names.
  /// @param read Reads the models from a response that is whole.
  models_query(transport& net, std::size_t kind, call_purpose purpose, reader read)
      : net_(net), kind_(kind), purpose_(purpose), read_(std::move(read)) {}

  /// @param who Makes the call.
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
