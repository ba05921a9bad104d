#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which paths pass to an OpenAI-compatible upstream. Pure.
namespace nekod::http {

/// The callers whose requests may pass.
enum class pass_rule : std::uint8_t {
  /// Nobody: the path is ours, or cannot pass.
  nobody,
  /// Everyone who may chat.
  anybody,
  /// Callers who may see other tenants' data, since the path names objects that have no owner here.
  admins,
};

/// The target of a passing request.
struct pass_target {
  pass_rule who = pass_rule::nobody;
  /// Its word in metrics and the log, from a fixed set.
  const char* word = "other";
  /// Below the upstream's API root, or beside `/v1` if *at_root* is set; percent-encoded as it
  /// arrived, without doubled and trailing slashes.
  std::string path;
  bool at_root = false;
};

/// The target of a request of *method* to *raw*, a path as it arrived. Work for a model
/// (embeddings, images, speech ...) passes for everyone, with and without `/v1`; anything else
/// below `/v1` only for admins. Our own endpoints and those of the organization never pass, nor
/// does a path with a dot segment, however encoded.
pass_target pass_target_of(std::string_view raw, std::string_view method);

/// Whether requests of that method can pass at all.
bool is_passed_method(std::string_view method) noexcept;

/// Paths below `/v1` that pass for everyone although they name objects, each with everything below
/// it.
class pass_list {
public:
  /// None.
  pass_list() = default;

  /// @param path In the form of `pass_target::path`.
  bool allows(std::string_view path) const noexcept;

private:
  friend result<pass_list, std::string> parse_pass_list(std::string_view text);

  std::vector<std::string> paths_;
};

/// Reads such a list: paths separated by commas, with or without `/v1` and slashes around them, or
/// `*` for all. The error is a sentence that begins with the path that cannot pass.
result<pass_list, std::string> parse_pass_list(std::string_view text);

} // namespace nekod::http
