#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// Where redirects lead, and which of them are followed.
namespace nekod::http {

/// Redirects of one call that are followed.
inline constexpr unsigned most_redirects = 5;

/// Whether a response of that status sends its client elsewhere.
bool is_redirect(std::uint16_t status) noexcept;

/// The URL that a redirect to *location* leads to from *url*, if it may be followed: the method and
/// body stay the same (307, 308), and scheme, host and port are those of *url*.
std::optional<std::string> redirect_to_follow(std::uint16_t status, const std::string& url,
                                              const std::string& location);

/// The target of a redirect for people: without query, fragment or credentials.
std::string shown_target(const std::string& url, const std::string& location);

} // namespace nekod::http
