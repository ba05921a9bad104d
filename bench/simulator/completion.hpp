#pragma once

#include "bench/simulator/directive.hpp"
#include "bench/simulator/faults.hpp"
#include "bench/simulator/options.hpp"
#include "bench/simulator/reply_events.hpp"
#include "bench/simulator/stories.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// One answer to `POST /v1/chat/completions`: the request, and the answer, whole or in chunks.
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

/// @returns a complaint for people if *body* is not a request.
result<completion_request, std::string> parse_completion(std::string_view body);

/// An answer, the same in each choice: a role, reasoning, then text or tool calls, and the finish
/// reason.
class completion : public reply_events {
public:
  /// @param number The number of the request in this simulator; ids are made of it.
  completion(completion_request r, std::uint64_t number, const options& o,
             const std::optional<fault>& f);

  /// The events of a stream: chunks of the choices in turn; then usage, if requested, and `[DONE]`.
  std::size_t size() const noexcept override;
  void append(std::size_t i, std::string& out) const override;

  /// The answer as one JSON body.
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
