#include "http/server/api/service/key_request.hpp"

#include "protocol/openai/body_checks.hpp"

#include <string>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure;
using chat::failure_code;

/// Reads the limit that member *name* sets, if there is one.
std::optional<failure> read_limit(const json::value& body, std::string_view name,
                                  std::optional<std::optional<rate_limit>>& limit) {
  const auto* v = json::find(body, name);
  if (v == nullptr)
    return std::nullopt;
  if (v->IsNull()) {
    limit.emplace(std::nullopt);
    return std::nullopt;
  }
  if (auto e = openai::check(name, *v, openai::shapes::string))
    return e;
  auto parsed = parse_rate_limit(json::text_of(*v));
  if (!parsed)
    return failure{failure_code::invalid_value, std::string{name}, parsed.error()};
  limit.emplace(*std::move(parsed));
  return std::nullopt;
}

/// Why a body is no object with only members of a key.
std::optional<failure> wrong_body(const json::document& doc, bool is_new) {
  if (!doc)
    return openai::body_error(doc);
  if (!doc.root.IsObject())
    return openai::wrong_type({}, "an object");
  for (const auto& member : doc.root.GetObject()) {
    const auto name = json::text_of(member.name);
    const auto known = name == "admin" || name == "rate_limit" || name == "chat_rate_limit" ||
                       (is_new && name == "tenant");
    if (!known)
      return failure{failure_code::invalid_value, std::string{name}, "there is no such field here"};
  }
  return std::nullopt;
}

result<key_change, failure> read_change(const json::value& body) {
  key_change change;
  if (const auto* admin = json::find(body, "admin")) {
    if (auto e = openai::check("admin", *admin, openai::shapes::boolean))
      return *std::move(e);
    change.admin = admin->GetBool();
  }
  if (auto e = read_limit(body, "rate_limit", change.requests))
    return *std::move(e);
  if (auto e = read_limit(body, "chat_rate_limit", change.chats))
    return *std::move(e);
  return change;
}

} // namespace

result<api_key, failure> parse_new_key(std::string_view body) {
  const auto doc = json::parse(body);
  if (auto e = wrong_body(doc, true))
    return *std::move(e);
  auto tenant = openai::required_string(doc.root, "tenant", {});
  if (!tenant)
    return tenant.error();
  if (!valid_tenant(*tenant))
    return failure{failure_code::invalid_value, "tenant", "1 to 64 of A-Z a-z 0-9 _ . -"};
  auto change = read_change(doc.root);
  if (!change)
    return change.error();
  return api_key{std::string{*tenant}, change->admin.value_or(false),
                 change->requests.value_or(std::nullopt), change->chats.value_or(std::nullopt)};
}

result<key_change, failure> parse_key_change(std::string_view body) {
  const auto doc = json::parse(body);
  if (auto e = wrong_body(doc, false))
    return *std::move(e);
  return read_change(doc.root);
}

} // namespace nekod::http
