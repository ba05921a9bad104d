#pragma once

#include "protocol/result.hpp"
#include "protocol/settings/upstream_settings.hpp"

#include <string>

namespace nekod {

/// One upstream as flags describe it, if the TOML file has no tables of upstreams.
struct upstream_flags {
  upstream_kind kind = upstream_kind::anuneko;
  std::string anuneko_url{};
  /// Several separated by commas; all share one cookie. Secret.
  std::string anuneko_token{};
  std::string anuneko_cookie{};
  std::string openai_url{};
  /// Several separated by commas; may be empty. Secret.
  std::string openai_key{};
  std::string openai_key_header{};
  std::string openai_token_limit{};
  std::string openai_model{};
};

/// @returns the upstream, or a sentence that names what is missing.
result<upstream_settings, std::string> upstream_of(const upstream_flags& flags);

} // namespace nekod
