#include "protocol/base_address.hpp"

#include <algorithm>

namespace nekod {
namespace {

/// The parts of an address before its path, its path, and its query with the question mark.
struct address_parts {
  std::string_view origin;
  std::string_view path;
  std::string_view query;
};

address_parts parts_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto host = scheme == url.npos ? 0 : scheme + 3;
  const auto path = std::min(url.find_first_of("/?#", host), url.size());
  const auto query = std::min(url.find('?', path), url.size());
  return {url.substr(0, path), url.substr(path, query - path), url.substr(query)};
}

/// Addresses with such characters are refused: they could end a line of HTTP.
bool has_space(std::string_view url) {
  return std::any_of(url.begin(), url.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f;
  });
}

bool drop_end(std::string_view& path, std::string_view end) {
  if (!path.ends_with(end))
    return false;
  path.remove_suffix(end.size());
  return true;
}

} // namespace

std::string base_address_problem(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return "must begin with http:// or https://";
  if (has_space(url))
    return "must not contain spaces or control characters";
  if (url.find('#') != url.npos)
    return "must not have a fragment (# and what follows it)";
  const auto origin = parts_of(url).origin;
  if (origin.find('@') != origin.npos)
    return "must not contain a user name, which logs would show";
  return origin.ends_with("://") || origin.find("://:") != origin.npos ? "must name a host" : "";
}

std::string tidy_base_address(std::string_view url) {
  auto parts = parts_of(url);
  auto drop_slashes = [&] {
    while (drop_end(parts.path, "/")) {
    }
  };
  drop_slashes();
  if (drop_end(parts.path, "/chat/completions"))
    drop_slashes();
  if (parts.query == "?")
    parts.query = {};
  return std::string{parts.origin}.append(parts.path).append(parts.query);
}

std::string address_of(std::string_view base, std::string_view path) {
  const auto parts = parts_of(base);
  std::string result;
  result.reserve(base.size() + path.size() + 1);
  result.append(parts.origin).append(parts.path).append(path);
  if (parts.query.empty())
    return result;
  result += path.find('?') == path.npos ? '?' : '&';
  return result.append(parts.query.substr(1));
}

std::string without_version(std::string_view base) {
  auto parts = parts_of(base);
  drop_end(parts.path, "/v1");
  return std::string{parts.origin}.append(parts.path).append(parts.query);
}

std::string_view origin_of(std::string_view base) { return parts_of(base).origin; }

} // namespace nekod
