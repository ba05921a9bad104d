#pragma once

#include <string>
#include <string_view>

/// The base address of an upstream, such as `https://host/v1?api-version=2024-10-21`, and the
/// addresses of calls below it.
namespace nekod {

/// Why *url* cannot be a base address, in words that begin with "must"; empty where it can.
std::string base_address_problem(std::string_view url);

/// A base address as nekod keeps it: without slashes at the end of its path, and without the path
/// of a call that is often copied along, `/chat/completions`.
std::string tidy_base_address(std::string_view url);

/// The address of a call: *path* goes behind the path of *base*, and the query of *base* behind
/// all.
/// @param base A tidy base address.
/// @param path Begins with a slash; may have a query of its own.
std::string address_of(std::string_view base, std::string_view path);

/// *base* without `/v1` at the end of its path, if that is there.
std::string without_version(std::string_view base);

/// Scheme, host and port of a base address.
std::string_view origin_of(std::string_view base);

} // namespace nekod
