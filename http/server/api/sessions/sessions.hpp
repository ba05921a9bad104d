#pragma once

namespace nekod::http {

struct request_context;

/// `GET /sessions?limit=&after=`: a page of the caller's sessions; an admin sees all. With
/// `search=` those of the caller's own in which words were said.
void answer_sessions(const request_context& c);

/// `GET /sessions/{id}`.
void answer_session(const request_context& c);

/// `DELETE /sessions/{id}`.
void delete_session(const request_context& c);

/// `DELETE /sessions?idle_for=&model=&all=`. Answers when all are deleted, which may take minutes;
/// continues if its client leaves.
void clear_sessions(const request_context& c);

} // namespace nekod::http
