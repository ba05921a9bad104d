#pragma once

#include "config.hpp"
#include "setting_reader.hpp"

#include <optional>
#include <string>

namespace nekod {

/// The settings of upstreams: flags that describe one, and those that hold for all, however many
/// the file has tables of.
class upstream_flags {
public:
  /// @param s Gets what they come out as.
  explicit upstream_flags(settings& s) : settings_(s) {}

  /// Before *reader* reads.
  void announce(setting_reader& reader);

  /// After it read: fills in the upstreams.
  /// @returns why the program ends, if something is wrong.
  std::optional<exit_request> finish(const setting_reader& reader);

private:
  void announce_accounts(setting_reader& reader);
  void announce_retries(setting_reader& reader);
  std::optional<exit_request> make_upstream();

  settings& settings_;
  std::string kind_ = "anuneko";
  std::string http2_ = "on";
  std::string anuneko_url_ = "https://anuneko.com/api/v1";
  std::string anuneko_token_;
  std::string anuneko_cookie_;
  std::string openai_url_;
  std::string openai_key_;
  std::string openai_key_header_;
  std::string openai_model_;
};

} // namespace nekod
