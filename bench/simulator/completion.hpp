#pragma once

#include "bench/simulator/directive.hpp"
#include "bench/simulator/faults.hpp"
#include "bench/simulator/reply_events.hpp"
#include "bench/simulator/service.hpp"
#include "bench/simulator/stories.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// One answer to `POST /v1/chat/completions`: what was asked, and the answer whole or in chunks.
namespace nekod::sim {

struct completion_request {
  std::string model;
  bool stream = false;
  bool include_usage = false;
  bool logprobs = false;
  std::uint32_t choices = 1;
  std::uint64_t messages = 0;
  /// Of the newest message.
  directed_prompt prompt;
  /// The name of the first tool.
  std::string tool = "look_up";
};

/// @returns a complaint for people where *body* is no request.
result<completion_request, std::string> parse_completion(std::string_view body);

/// What is answered, the same in each choice: a role, reasoning, then text or calls of tools, and
/// the finish reason.
class completion : public reply_events {
public:
  /// @param number Which request of the simulator's it is; makes ids.
  completion(completion_request r, std::uint64_t number, const options& o,
             const std::optional<fault>& f);

  /// Of a stream: chunks, the choices in turns; then usage, if asked for, and `[DONE]`.
  std::size_t size() const noexcept override;
  void append(std::size_t i, std::string& out) const override;

  /// As one JSON body.
  std::string whole() const;

  const completion_request& request() const noexcept { return request_; }

private:
  std::size_t steps() const noexcept;
  std::string head(std::string_view object) const;
  std::string delta(std::size_t step) const;
  std::string tool_delta(std::size_t step) const;
  std::string tool_call_id(std::size_t call) const;
  std::string arguments() const;
  std::string choice(std::size_t index) const;
  std::string logprobs_of(std::string_view token) const;
  std::string usage() const;
  std::string_view finish_reason() const noexcept;

  completion_request request_;
  std::uint64_t number_;
  story reasoning_;
  story text_;
  std::size_t reasoning_pieces_;
  std::size_t tools_;
  bool without_finish_;
  bool without_done_;
};

} // namespace nekod::sim
