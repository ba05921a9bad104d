#include "http/server/api/models.hpp"

#include "http/server/api/request_context.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/models.hpp"

#include <algorithm>

namespace nekod::http {

void answer_models(const request_context& c) {
  auto answer = [](const request_context& asked, const model_list& list) {
    asked.respond_json(
        200, openai::model_list_json(list.models, asked.api.started, list.upstream_names));
  };
  if (query_says(c.req().query, "refresh"))
    c.ask<model_list>(answer, atom::models_v, atom::refresh_v);
  else
    c.ask<model_list>(answer, atom::models_v);
}

void answer_model(const request_context& c) {
  auto answer = [id = decode_percent(c.id())](const request_context& asked,
                                              const model_list& list) {
    auto found = std::find_if(list.models.begin(), list.models.end(),
                              [&](const auto& m) { return id && m.id == *id; });
    if (found == list.models.end())
      asked.refuse({chat::failure_code::model_not_found, "model"});
    else
      asked.respond_json(200, openai::model_json(*found, asked.api.started));
  };
  c.ask<model_list>(answer, atom::models_v);
}

} // namespace nekod::http
