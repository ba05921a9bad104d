#pragma once

#include "protocol/result.hpp"
#include "protocol/settings/toml.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The upstreams in the settings: one given by flags, or several by tables of a TOML file.
namespace nekod {

/// The kinds of upstream.
enum class upstream_kind : std::uint8_t { anuneko, openai, simulator };

/// The kind's word in settings.
std::string_view name_of(upstream_kind kind) noexcept;

/// An account at an upstream.
struct account_settings {
  /// A token, or an API key. Secret.
  std::string secret;
  /// Secret.
  std::string cookie;
  double weight = 1;

  bool operator==(const account_settings&) const = default;
};

/// One upstream.
struct upstream_settings {
  std::string name;
  upstream_kind kind = upstream_kind::anuneko;
  /// Tidied as in `protocol/base_address.hpp`; may have a query.
  std::string url;
  /// At least one.
  std::vector<account_settings> accounts;
  /// The model for requests that name none; empty for the upstream's own choice.
  std::string model;
  /// Models that always go to this upstream, even if others have them: names, or prefixes before a
  /// `*`.
  std::vector<std::string> models;
  /// The header field that carries the key of an `openai` upstream, such as `api-key`; empty for
  /// `Authorization: Bearer KEY`.
  std::string key_header;
  /// The member that limits the tokens of an answer to `/v1/responses`, of an `openai` upstream:
  /// `max_tokens` or `max_completion_tokens`; empty for the latter.
  std::string token_limit;
  /// The names of upstreams that take a turn in its place.
  std::vector<std::string> fallbacks;
  /// Whether it takes, as a fall-back, conversations that are too long for the upstream before it.
  bool long_context = false;
  /// In seconds; empty for the setting for all upstreams.
  std::optional<std::chrono::duration<double>> first_token_timeout;

  bool operator==(const upstream_settings&) const = default;
};

/// Returns the value of an environment variable, a credential, or a line of `.env`, by its name.
using variable_reader = std::function<std::optional<std::string>(const std::string&)>;

/// Reads the upstreams that tables describe, in their order:
///
///     [upstreams.local]
///     kind = "openai"                # or "anuneko"
///     url = "http://127.0.0.1:8080/v1"
///     key = ["one", "two"]           # or key-from = "VARIABLE"; for anuneko token, token-from
///     key-header = "api-key"         # if it is not sent as Authorization: Bearer
///     token-limit = "max_tokens"     # if it does not know max_completion_tokens
///     models = ["qwen*"]
///     fallbacks = ["cloud"]
///     first-token-timeout = 5
///     long-context = true            # as a fall-back, for conversations too long for others
///
///     [upstreams.local.accounts.big] # if accounts differ
///     key = "three"
///     weight = 2
///
/// @returns them, or a sentence that names the table, the key and the line at fault.
result<std::vector<upstream_settings>, std::string>
read_upstreams(const std::vector<toml_entry>& entries, const variable_reader& variable);

/// The parts of *list* between commas, without the spaces around them; empty ones are left out.
std::vector<std::string> split_at_commas(const std::string& list);

/// Why *name* cannot be the field that carries a key; empty if it can.
std::string key_header_problem(const std::string& name);

/// Why *name* cannot be the member that limits tokens; empty if it can.
std::string token_limit_problem(const std::string& name);

/// The upstream as a table of TOML, with stars for its secrets.
std::string shown_table(const upstream_settings& u);

} // namespace nekod
