#pragma once

#include "http/server/gate/admission.hpp"
#include "http/server/gate/api_keys.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// A change to a key; members without a value stay.
struct key_change {
  std::optional<bool> admin;
  std::optional<std::optional<rate_limit>> requests;
  std::optional<std::optional<rate_limit>> chats;
};

/// A new key; nobody can read it again later.
struct created_key {
  std::string secret;
  api_keys::entry entry;
};

/// The admin who changes keys.
struct key_admin {
  std::string tenant;
  key_hash own{};
  /// Whether a change that takes away the admin's own rights, or those of the last admin, is meant.
  bool confirmed = false;
};

/// Changes the key file of a running nekod, and makes the gate use it at once. Each change reads
/// the file anew, so that the changes of others stay. The log names each change and its admin.
/// Thread-safe. Functions that change the file block, for five seconds at most if another process
/// is changing it.
class key_keeper {
public:
  /// @param file The key file; empty if there is none.
  key_keeper(std::string file, admission& gate) : gate_(gate), file_(std::move(file)) {}

  /// While it is held, no key changes.
  std::unique_lock<std::mutex> hold() { return std::unique_lock{mutex_}; }

  /// Uses another file from now on; only while held.
  void use(std::string file) { file_ = std::move(file); }

  std::string file() const;

  /// Whether the file can be changed.
  bool writable() const;

  /// Makes a key for *holder*, created now.
  result<created_key, chat::failure> create(api_key holder, const key_admin& by);

  /// Changes the rights and limits of the key with that id.
  result<api_keys::entry, chat::failure> change(std::string_view id, const key_change& change,
                                                const key_admin& by);

  /// Removes the key with that id.
  /// @returns the holder it had.
  result<api_key, chat::failure> revoke(std::string_view id, const key_admin& by);

private:
  template <class Edit>
  std::optional<chat::failure> edit_file(Edit edit);

  admission& gate_;
  mutable std::mutex mutex_;
  std::string file_;
};

} // namespace nekod::http
