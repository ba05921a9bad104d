#pragma once

namespace nekod::http {

struct request_context;

/// `GET /`: the web page for a browser, else name, version and endpoints as JSON.
void answer_front_page(const request_context& c);

/// `GET /page/{version}/{name}`: a file of the web page.
void answer_page_file(const request_context& c);

} // namespace nekod::http
