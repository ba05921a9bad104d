#pragma once

#include <string>
#include <string_view>

/// The base address of an upstream, such as `https://host/v1?api-version=2024-10-21`, and the
/// addresses of calls below it.
namespace nekod {

/// The reason why *url* cannot be a base address, in words that begin with "must"; empty if it can.
std::string base_address_problem(std::string_view url);

/// A base address as nekod stores it: without slashes at the end of its path, and without a
/// trailing `/chat/completions`, which people often copy along.
std::string tidy_base_address(std::string_view url);

/// The address of a call: the path of *base*, then *path*, then the query of *base*.
/// @param base A tidy base address.
/// @param path Begins with a slash; may have a query of its own.
std::string address_of(std::string_view base, std::string_view path);

/// *base* without a `/v1` at the end of its path.
std::string without_version(std::string_view base);

/// Scheme, host and port of a base address.
std::string_view origin_of(std::string_view base);

} // namespace nekod
