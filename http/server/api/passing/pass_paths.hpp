#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which addresses pass to an OpenAI-compatible upstream as they are. Pure.
namespace nekod::http {

/// Who may have a request passed on.
enum class pass_rule : std::uint8_t {
  /// Nobody: the address is ours, or none that passes.
  nobody,
  /// Whoever may chat.
  anybody,
  /// Who may see what belongs to others, since it names objects that belong to nobody here.
  admins,
};

/// Where a request passes.
struct pass_target {
  pass_rule who = pass_rule::nobody;
  /// Its word in metrics and the log, of a bounded set.
  const char* word = "other";
  /// Below the upstream's API root, or beside `/v1` where *at_root* says so; percent-encoded as it
  /// came, without doubled and trailing slashes.
  std::string path;
  bool at_root = false;
};

/// Where a request of *method* to *raw*, a path as it came, passes. Work for a model (embeddings,
/// images, speech ...) passes from anybody, with and without `/v1`; anything else below `/v1` only
/// from admins. Our own endpoints and the organization's never pass, nor does a path with a dot
/// segment, however encoded.
pass_target pass_target_of(std::string_view raw, std::string_view method);

/// Whether requests of that method pass at all.
bool is_passed_method(std::string_view method) noexcept;

/// Paths below `/v1` that pass from anybody though they name objects: each with all below it.
class pass_list {
public:
  /// None.
  pass_list() = default;

  /// @param path In the form of `pass_target`.
  bool allows(std::string_view path) const noexcept;

private:
  friend result<pass_list, std::string> parse_pass_list(std::string_view text);

  std::vector<std::string> paths_;
};

/// Reads such a list: paths by comma, with or without `/v1` and slashes around them, or `*` for
/// all. The error is a sentence that begins with the path that is none.
result<pass_list, std::string> parse_pass_list(std::string_view text);

} // namespace nekod::http
