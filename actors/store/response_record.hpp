#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// Responses as they are stored. A response has its own items alone: what came before them is found
/// by its parent, so that a turn stores what it adds.
namespace nekod {

/// Identifies a response: ids belong to a tenant.
struct response_key {
  response_key() = default;
  response_key(std::string t, std::string i) : tenant(std::move(t)), id(std::move(i)) {}

  bool operator==(const response_key&) const = default;
  bool operator<(const response_key& other) const {
    return std::tie(tenant, id) < std::tie(other.tenant, other.id);
  }

  std::string tenant;
  std::string id;
};

/// An item of a response or of a conversation.
struct stored_item {
  stored_item() = default;
  stored_item(std::string i, std::string j) : id(std::move(i)), json(std::move(j)) {}

  bool operator==(const stored_item&) const = default;

  std::string id;
  /// The item as clients get it: a JSON object with its `id`. UTF-8.
  std::string json;
};

/// How a response can be used.
enum class response_state : std::uint8_t {
  /// Its turn is queued or runs.
  running,
  /// Another response may follow it.
  chainable,
  /// It failed, was cancelled, or its conversation was deleted: it can be looked at.
  closed,
};

/// A response.
struct response_record {
  response_record() = default;

  bool operator==(const response_record&) const = default;

  response_key key() const { return {tenant, id}; }

  std::string id;
  std::string tenant;
  /// The session that answered it, with which it is deleted; empty once its conversation was
  /// deleted without it.
  std::string session;
  /// The response before it, of the same tenant, whose items come before its own; empty for none.
  /// It is kept for as long as this one, even if it can no longer be seen.
  std::string parent;
  response_state state = response_state::running;
  /// The response object as clients get it: JSON, UTF-8.
  std::string object;
  /// While it runs: the object that takes its place if nekod ends before the response does. Else
  /// empty.
  std::string if_interrupted;
  /// Its own items, in their order.
  std::vector<stored_item> input;
  std::vector<stored_item> output;
  /// In whole microseconds.
  std::chrono::system_clock::time_point created_at;
  /// From then on it cannot be seen, and goes once no other response follows it.
  std::chrono::system_clock::time_point expires_at = std::chrono::system_clock::time_point::max();
  /// Set by its deletion, before the store is told: what is under way then is not written any more.
  /// Null if it cannot be deleted before it is stored. Not stored.
  std::shared_ptr<const std::atomic<bool>> deleted;
};

/// Whether a response is to be written: it was not deleted meanwhile.
inline bool may_be_written(const response_record& r) noexcept { return !r.deleted || !*r.deleted; }

/// Whether writing would change how a response ended. Then it stays as it is.
constexpr bool ends_otherwise(response_state stored, response_state written) noexcept {
  return stored != response_state::running && stored != written;
}

/// Whether the conversation of a response was deleted without it. Its turn may still end, and write
/// it again: it stays without a session.
inline bool is_left_over(const response_record& stored) {
  return stored.state == response_state::closed && stored.session.empty();
}

/// The items as a JSON array, as in `chat::message::items`; empty for none.
std::string items_json(const std::vector<stored_item>& items);

} // namespace nekod
