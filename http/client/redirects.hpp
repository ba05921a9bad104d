#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// The targets of redirects, and which redirects are followed.
namespace nekod::http {

/// The most redirects that one call follows.
inline constexpr unsigned most_redirects = 5;

/// Whether a response with that status redirects its client.
bool is_redirect(std::uint16_t status) noexcept;

/// The target of a redirect from *url* to *location*, if it may be followed: the status must keep
/// method and body (307, 308), and scheme, host and port must be those of *url*.
std::optional<std::string> redirect_to_follow(std::uint16_t status, const std::string& url,
                                              const std::string& location);

/// The target of a redirect for people: without query, fragment or credentials.
std::string shown_target(const std::string& url, const std::string& location);

} // namespace nekod::http
