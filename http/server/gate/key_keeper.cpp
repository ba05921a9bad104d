#include "http/server/gate/key_keeper.hpp"

#include "actors/runtime/unix_time.hpp"
#include "http/server/gate/key_file.hpp"
#include "http/server/gate/key_lines.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace nekod::http {

namespace {

using chat::failure;
using chat::failure_code;

const api_keys::entry* find(const api_keys& keys, std::string_view id) {
  const auto& all = keys.entries();
  auto i =
      std::find_if(all.begin(), all.end(), [&](const auto& e) { return key_id(e.hash) == id; });
  return i == all.end() ? nullptr : &*i;
}

bool has_another_admin(const api_keys& keys, const key_hash& than) {
  const auto& all = keys.entries();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& e) { return e.key.admin && e.hash != than; });
}

/// Why *by* has to confirm that *e* loses its rights.
std::optional<failure> unconfirmed(const api_keys& keys, const api_keys::entry& e,
                                   const key_admin& by) {
  if (by.confirmed)
    return std::nullopt;
  if (e.hash == by.own)
    return failure{failure_code::confirmation_required, "confirm", "this is the key in use"};
  if (e.key.admin && !has_another_admin(keys, e.hash))
    return failure{failure_code::confirmation_required, "confirm", "this is the last admin's key"};
  return std::nullopt;
}

} // namespace

std::string key_keeper::file() const {
  std::lock_guard guard{mutex_};
  return file_;
}

bool key_keeper::writable() const { return may_change_key_file(file()); }

/// Changes the file by *edit*, which gets its text and keys and returns the new text or a failure,
/// and makes the gate use it.
template <class Edit>
std::optional<failure> key_keeper::edit_file(Edit edit) {
  std::lock_guard guard{mutex_};
  std::optional<failure> refused;
  auto keys = change_key_file(
      file_, [&](const std::string& text, const api_keys& now) -> std::optional<std::string> {
        result<std::string, failure> made = edit(text, now);
        if (made)
          return *made;
        refused = made.error();
        return std::nullopt;
      });
  if (refused)
    return refused;
  if (!keys) {
    spdlog::error("the keys cannot be changed: {}", keys.error());
    return failure{failure_code::keys_not_writable};
  }
  gate_.use(*std::move(keys));
  return std::nullopt;
}

result<created_key, failure> key_keeper::create(api_key holder, const key_admin& by) {
  holder.created = unix_time();
  auto secret = make_api_key();
  const auto hash = hash_of_key(secret);
  auto refused = edit_file([&](const std::string& text, const api_keys&) {
    return result<std::string, failure>{with_key(text, hash, holder)};
  });
  if (refused)
    return *refused;
  spdlog::info("{} of {}{} created by {} with {}", key_id(hash), holder.tenant,
               holder.admin ? " (admin)" : "", by.tenant, key_id(by.own));
  return created_key{std::move(secret), {hash, std::move(holder)}};
}

result<api_keys::entry, failure> key_keeper::change(std::string_view id, const key_change& change,
                                                    const key_admin& by) {
  api_keys::entry changed;
  auto refused =
      edit_file([&](const std::string& text, const api_keys& keys) -> result<std::string, failure> {
        const auto* e = find(keys, id);
        if (e == nullptr)
          return failure{failure_code::key_not_found};
        if (e->key.admin && change.admin == false)
          if (auto ask = unconfirmed(keys, *e, by))
            return *ask;
        changed = *e;
        changed.key.admin = change.admin.value_or(e->key.admin);
        changed.key.requests = change.requests.value_or(e->key.requests);
        changed.key.chats = change.chats.value_or(e->key.chats);
        return with_changed_key(text, e->hash, changed.key);
      });
  if (refused)
    return *refused;
  spdlog::info("{} of {} changed by {} with {}", id, changed.key.tenant, by.tenant, key_id(by.own));
  return changed;
}

result<api_key, failure> key_keeper::revoke(std::string_view id, const key_admin& by) {
  api_key holder;
  auto refused =
      edit_file([&](const std::string& text, const api_keys& keys) -> result<std::string, failure> {
        const auto* e = find(keys, id);
        if (e == nullptr)
          return failure{failure_code::key_not_found};
        if (keys.size() == 1)
          return failure{failure_code::last_key};
        if (auto ask = unconfirmed(keys, *e, by))
          return *ask;
        holder = e->key;
        return without_key(text, e->hash);
      });
  if (refused)
    return *refused;
  spdlog::info("{} of {} revoked by {} with {}", id, holder.tenant, by.tenant, key_id(by.own));
  return holder;
}

} // namespace nekod::http
