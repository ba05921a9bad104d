#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/response_recorder.hpp"
#include "actors/store/response_record.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/sessions/session_list.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

/// A kept answer, as lookups find it.
struct kept_entry {
  kept_entry() = default;

  kept_answer_actor who;
  answer_identity identity;
  /// Null for an API whose answers are not found by their ids.
  std::shared_ptr<const response_recorder> recorder;
  bool background = false;
  /// The upstream that answers, and its abilities; empty until the turn begins.
  std::string upstream;
  upstream_abilities abilities;
  /// Of a turn that failed: after how long a new request may do better, if that is known.
  std::optional<std::chrono::milliseconds> retry_after;
  /// Forgets an answer that has ended, to make room. Called on any thread.
  std::function<void()> forget;
};

/// The answers that are kept for clients that come back: those that run, and those that have ended
/// and are not forgotten.
///
/// Their bytes count in the byte budget, up to the part that requests may use. If they or others
/// find no room there, those that have ended are forgotten, the oldest first. Thread-safe.
class kept_answers {
public:
  /// @param budget Null for no limit.
  /// @param digest For requests that are sent again; null if none is to be found.
  explicit kept_answers(std::shared_ptr<byte_budget> budget,
                        std::shared_ptr<const conversation_digest> digest = nullptr)
      : budget_(std::move(budget)), digest_(std::move(digest)) {}
  kept_answers(const kept_answers&) = delete;
  kept_answers& operator=(const kept_answers&) = delete;

  /// Identifies a request that is sent again; empty without an `Idempotency-Key`.
  /// @param body As the client sent it.
  std::string retry_key(std::string_view tenant, std::string_view key, std::string_view body) const;

  /// Adds an answer that runs.
  /// @param key The tenant and the answer's id, without a prefix.
  /// @param request As `retry_key` returned it; the newest answer to a request is found by it.
  /// @returns false if there is no room, or another answer has the key.
  bool add(const response_key& key, const std::string& request, kept_entry entry,
           std::size_t bytes);

  /// The answer turned out to have another id.
  /// @returns false if another has that already; this one stays as it is.
  bool rename(const response_key& from, const response_key& to);

  /// Changes what is told of an answer. *f* must not call back.
  void update(const response_key& key, const std::function<void(kept_entry&)>& f);

  std::optional<kept_entry> find(const response_key& key) const;
  std::optional<kept_entry> find_by_retry_key(const std::string& request) const;

  /// The turn of an answer runs in that session; until it ends, `running_in` finds it.
  void begun_in(const session_key& session, const response_key& key);

  /// The id, without a prefix, of the answer that is found by it and runs in that session.
  std::optional<std::string> running_in(const session_key& session) const;

  /// The bytes of an answer have become that many.
  /// @returns false if there is no room for them; they are not counted then.
  bool resize(const response_key& key, std::size_t bytes);

  /// The answer has ended, and may be forgotten.
  void ended(const response_key& key);

  void remove(const response_key& key);

  /// Forgets the answer that ended first, since others need its room.
  /// @returns whether there was one.
  bool forget_oldest();

  /// The number of answers.
  std::size_t count() const;

  /// The number of answers in the background that have not ended.
  std::size_t running() const noexcept { return running_.load(std::memory_order_relaxed); }

  /// Ends all actors.
  void stop();

private:
  struct kept {
    kept_entry entry;
    std::string request;
    /// Set once the turn has begun.
    std::optional<session_key> session;
    byte_budget::share held;
    /// Counts those that have ended; 0 for one that runs.
    std::uint64_t end = 0;
  };

  using map = std::map<response_key, kept>;

  bool make_room(kept& k, std::size_t bytes, std::vector<std::function<void()>>& forgotten);
  map::node_type take(map::iterator i);
  map::node_type take_oldest();
  void count_end(const response_key& key, const kept& k);
  std::map<session_key, response_key>::iterator session_entry(const response_key& key,
                                                              const kept& k);

  const std::shared_ptr<byte_budget> budget_;
  const std::shared_ptr<const conversation_digest> digest_;
  mutable std::mutex mutex_;
  map all_;
  std::map<std::string, response_key> by_retry_key_;
  /// Those that run and are found by their ids.
  std::map<session_key, response_key> by_session_;
  /// By the order of their ends.
  std::map<std::uint64_t, response_key> ended_;
  std::uint64_t last_end_ = 0;
  std::atomic<std::size_t> running_{0};
};

} // namespace nekod
