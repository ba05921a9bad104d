#pragma once

#include "actors/session/session_record.hpp"
#include "actors/store/response_record.hpp"

#include <functional>
#include <string>

namespace nekod::moving {

/// A store as a whole, to be moved to another one. Blocks. All functions may throw `store_error`.
class movable_store {
public:
  movable_store() = default;
  virtual ~movable_store() = default;
  movable_store(const movable_store&) = delete;
  movable_store& operator=(const movable_store&) = delete;

  /// The secret for the digests in the records, as in `head`.
  virtual std::string digest_key() = 0;

  /// Calls *f* with each session, by age. A chat that a turn may have been posting to is unsure.
  virtual void each_session(const std::function<void(const session_record&)>& f) = 0;

  /// Calls *f* with each response, also those that can no longer be seen but are followed, in the
  /// order in which they were stored. One that runs is what it is if it is interrupted.
  virtual void each_response(const std::function<void(const response_record&)>& f) = 0;

  /// Uses *key* from now on, if the store has no sessions and responses yet.
  /// @returns why it cannot; empty if it does, or did before.
  virtual std::string adopt(const std::string& key) = 0;

  // These add what is not there. They join a batch, which `write_batch` makes durable; if anything
  // throws, the batch is undone.
  /// @returns whether it was not there.
  virtual bool add(const session_record& r) = 0;
  virtual bool add(const response_record& r) = 0;
  virtual void write_batch() = 0;
};

/// Whether a store is to be read or filled.
enum class purpose : bool { to_read, to_fill };

} // namespace nekod::moving
