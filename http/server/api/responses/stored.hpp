#pragma once

/// Stored responses: `/v1/responses/{id}` and what is below it. Those of other tenants, expired
/// ones and deleted ones are not found.
namespace nekod::http {

struct request_context;

/// `GET /v1/responses/{id}`, and `GET /v1/responses/{id}/input_items`: all items before its output,
/// those of the responses that it follows included.
void show_response(const request_context& c);

/// `DELETE /v1/responses/{id}`. Responses that follow it stay as they are.
void delete_response(const request_context& c);

/// `POST /v1/responses/{id}/cancel`.
void change_response(const request_context& c);

} // namespace nekod::http
