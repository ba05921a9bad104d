#include "http/server/api/responses/compaction_seal.hpp"

#include "actors/session/conversation/conversation_digest.hpp"
#include "http/server/api/request_context.hpp"

#include <openssl/crypto.h>

namespace nekod::http {

std::string sealed_compaction(const request_context& c, std::string_view id) {
  const auto seal = c.api.options.digest->of_parts({"compaction", c.who.tenant, id});
  return std::string{id} + "." + seal;
}

std::optional<std::string> unsealed_compaction(const request_context& c, std::string_view content) {
  const auto dot = content.rfind('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  std::string id{content.substr(0, dot)};
  const auto sealed = sealed_compaction(c, id);
  if (sealed.size() != content.size() ||
      CRYPTO_memcmp(sealed.data(), content.data(), sealed.size()) != 0)
    return std::nullopt;
  return id;
}

} // namespace nekod::http
