#include "protocol/openai/upstream/upstream_call.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::openai {
namespace {

/// True for fields that nekod replaces, or that are addressed to nekod only.
bool is_ours(std::string_view name) {
  return name == "model" || name == "messages" || name == "session_id";
}

} // namespace

std::string upstream_body(const chat::request& r, std::string_view model, std::string_view messages,
                          const server_form& server) {
  std::string out;
  out.reserve(r.body.size() + messages.size() + model.size() + 32);
  out += R"({"model":)";
  json::append_quoted(out, model);
  out += R"(,"messages":)";
  out += messages;
  for (json::members m{r.body}; m.next();) {
    if (is_ours(m.name()))
      continue;
    out += ',';
    out += m.whole();
  }
  if (server.is_openai)
    out += r.beside.of_openai;
  if (const auto& most = r.beside.most_tokens)
    out.append(",\"").append(server.token_limit).append("\":").append(std::to_string(*most));
  out += '}';
  return out;
}

} // namespace nekod::openai
