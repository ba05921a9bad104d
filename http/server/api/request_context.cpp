#include "http/server/api/request_context.hpp"

#include "http/server/api/common_answers.hpp"

#include <caf/sec.hpp>

namespace nekod::http {

void request_context::respond_json(std::uint16_t status, std::string body) const {
  auto headers = common_fields(request_id);
  headers.emplace_back("Content-Type", "application/json");
  x->respond(status, std::move(headers), std::move(body));
}

void request_context::refuse(const chat::failure& e) const {
  if (on_refusal)
    return on_refusal(e);
  respond_error(*x, e, language(), request_id);
}

chat::failure request_context::failure_of(const caf::error& e) {
  // The store reports its failures like this.
  if (e == caf::sec::runtime_error)
    return {chat::failure_code::store_unavailable};
  return {chat::failure_code::internal_error, {}, "no answer in time"};
}

chat::failure request_context::failure_of_store(const caf::error& /*e*/) {
  return {chat::failure_code::store_unavailable};
}

} // namespace nekod::http
