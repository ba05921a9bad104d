#pragma once

#include "actors/resumption/answer_name.hpp"
#include "http/server/api/cluster/holder_relay.hpp"
#include "http/server/api/request_context.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace nekod::http {

/// Answers a request itself.
using own_answer = std::function<void(const request_context&)>;

/// How a request for an answer that another node keeps is handed on.
struct elsewhere_request {
  answer_name name;
  /// Its first byte's time limit and its body, and how its stream may be ended.
  relayed_request what;
  /// Answers if no other node keeps the answer.
  own_answer absent;
  /// Answers if that node cannot be reached; if empty, that is an error.
  own_answer unreachable;
};

/// Longest times to the first byte of another node's answer: of an object, and of what it has to
/// ask its store for.
inline constexpr std::chrono::milliseconds object_time{3000};
inline constexpr std::chrono::milliseconds change_time{12'000};

/// Sends the request on to the node that keeps the answer, if that is another one. A request that
/// was handed on already is answered with 404; without a cluster, `absent` answers.
void answer_elsewhere(const request_context& c, elsewhere_request asked);

/// Hands on a request for a response with that id, which clients know with its prefix.
/// @param id As in the path, decoded.
void answer_elsewhere(const request_context& c, std::string_view id, relayed_request what,
                      own_answer absent, own_answer unreachable = nullptr);

/// The limit of a stream's first byte.
std::chrono::milliseconds stream_time(const request_context& c);

} // namespace nekod::http
