#pragma once

#include "actors/registry/registry_options.hpp"
#include "actors/runtime/stream_shares.hpp"
#include "actors/session/session_options.hpp"
#include "config.hpp"

#include <chrono>
#include <memory>

/// Options as the default settings make them, for tests to change.
namespace nekod::test {

inline conversation_limits usual_conversation_limits() {
  const settings s;
  return {s.transcript_messages, s.transcript_size};
}

inline session_rules usual_session_rules() {
  const settings s;
  session_rules result;
  result.counts = std::make_shared<metrics>();
  result.digest = std::make_shared<conversation_digest>("key");
  result.queue_limit = s.session_queue;
  result.limits = usual_conversation_limits();
  result.idle_time = std::chrono::ceil<std::chrono::seconds>(s.session_idle);
  result.credit_step = stream_shares{s.stream_buffer}.window / 2;
  return result;
}

inline registry_options usual_registry_options() {
  const settings s;
  registry_options result;
  result.sessions = usual_session_rules();
  result.matching = s.session_matching;
  result.models_age = std::chrono::ceil<std::chrono::seconds>(s.models_age);
  result.loading_wait = std::chrono::ceil<std::chrono::milliseconds>(s.loading_wait);
  return result;
}

} // namespace nekod::test
