#include "http/server/api/service/front_page.hpp"

#include "http/server/api/common_answers.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/page/page_answer.hpp"
#include "http/server/page/preference.hpp"
#include "protocol/sessions/health.hpp"

#include <string>
#include <utility>

namespace nekod::http {

namespace {

void send_file(const request_context& c, const page_file& file) {
  auto answer = answer_with(file, c.req(), c.api.options.over_tls);
  auto headers = common_fields(c.request_id);
  for (auto& field : answer.headers)
    headers.push_back(std::move(field));
  // No other page has use for it, whichever origins may use the API.
  c.x->carry({});
  if (answer.status != 304)
    return c.x->respond(answer.status, std::move(headers), std::string{answer.body});
  c.x->begin_as_is(answer.status, std::move(headers), true);
  c.x->finish();
}

} // namespace

void answer_front_page(const request_context& c) {
  const auto& options = c.api.options;
  if (!options.page)
    return c.respond_json(200, front_page_json(options.version));
  if (wants_page(c.req()))
    return send_file(c, *page_file_named("index.html"));
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Vary", "Accept");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  c.x->respond(200, std::move(headers), front_page_json(options.version));
}

void answer_page_file(const request_context& c) {
  const auto* file = c.api.options.page ? find_page_file(c.id()) : nullptr;
  if (file == nullptr)
    return c.refuse(chat::failure_code::not_found);
  send_file(c, *file);
}

} // namespace nekod::http
