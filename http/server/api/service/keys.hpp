#pragma once

namespace nekod::http {

struct request_context;

/// The API keys, for holders of an admin's key. Without keys nobody may use these endpoints, not
/// from this machine either. The keys themselves and their hashes are never shown.

/// `GET /keys`: the keys, with their rights, limits and last use.
void list_keys(const request_context& c);

/// `POST /keys`: makes a key, which is in this one answer only.
void create_key(const request_context& c);

/// `POST /keys/{id}?confirm=`: changes its rights and limits.
void change_key(const request_context& c);

/// `DELETE /keys/{id}?confirm=`: revokes it.
void revoke_key(const request_context& c);

} // namespace nekod::http
