#include "http/server/page/page_answer.hpp"

#include "http/server/page/preference.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <iterator>

namespace nekod::http {

namespace {

constexpr std::string_view front = "index.html";

/// The page may load from its own origin only, no script may be made out of text, and no other page
/// may frame it.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

bool ends_in(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view type_of(std::string_view name) {
  if (ends_in(name, ".js"))
    return "text/javascript; charset=utf-8";
  if (ends_in(name, ".css"))
    return "text/css; charset=utf-8";
  if (ends_in(name, ".svg"))
    return "image/svg+xml";
  return "text/html; charset=utf-8";
}

/// Whether browsers take the name in `Host` for this machine.
bool names_loopback(std::string_view host) {
  auto starts = [&](std::string_view start) { return host.substr(0, start.size()) == start; };
  return starts("127.") || starts("[::1]") ||
         same_word(host.substr(0, host.find(':')), "localhost");
}

} // namespace

const page_file* page_file_named(std::string_view name) {
  const auto files = page_files();
  auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.name == name; });
  return found == files.end() ? nullptr : &*found;
}

const page_file* find_page_file(std::string_view place) {
  const auto slash = std::min(place.find('/'), place.size());
  if (place.substr(0, slash) != page_version() || slash == place.size())
    return nullptr;
  const auto* file = page_file_named(place.substr(slash + 1));
  return file == nullptr || file->name == front ? nullptr : file;
}

page_answer answer_with(const page_file& file, const request& r, bool secure) {
  const auto compressed = takes_gzip(r);
  const auto is_front = file.name == front;
  // Each representation has a tag of its own.
  const auto tag = '"' + std::string{file.hash} + (compressed ? "-gzip\"" : "\"");
  page_answer result;
  auto& h = result.headers;
  h.emplace_back("ETag", tag);
  h.emplace_back("Cache-Control", is_front ? "no-cache" : "public, max-age=31536000, immutable");
  h.emplace_back("Vary", is_front ? "Accept, Accept-Encoding" : "Accept-Encoding");
  h.emplace_back("Content-Security-Policy", content_policy);
  h.emplace_back("X-Content-Type-Options", "nosniff");
  h.emplace_back("Referrer-Policy", "no-referrer");
  h.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  h.emplace_back("X-Frame-Options", "DENY");
  h.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
  // Elsewhere browsers ignore it, and complain.
  if (secure || names_loopback(r.header("Host")))
    h.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  if (has_copy(r, tag)) {
    result.status = 304;
    return result;
  }
  h.emplace_back("Content-Type", type_of(file.name));
  if (compressed)
    h.emplace_back("Content-Encoding", "gzip");
  result.body = compressed ? file.gzipped : file.plain;
  return result;
}

} // namespace nekod::http
