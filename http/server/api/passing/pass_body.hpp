#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "actors/upstream/transport.hpp"
#include "http/server/message/body_pipe.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// A request's body on its way upstream: first the part that was held, then the rest as it arrives
/// from the client.
class pass_body : public body_source {
public:
  /// @param held The first part, and its share of the budget.
  /// @param rest The rest, which nothing else reads from now on.
  /// @param length The bytes of both together, if that is known.
  pass_body(std::string held, byte_budget::share room, std::shared_ptr<body_pipe> rest,
            std::optional<std::uint64_t> length);

  bool is_broken() const override { return broken_; }
  std::optional<std::uint64_t> length() const override { return length_; }
  piece read(char* to, std::size_t room, const std::function<void()>& when_more) override;

private:
  std::string held_;
  byte_budget::share room_;
  std::size_t sent_ = 0;
  std::shared_ptr<body_pipe> rest_;
  std::optional<std::uint64_t> length_;
  std::atomic<bool> broken_{false};
};

} // namespace nekod::http
