#include "http/client/redirects.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace nekod::http {

namespace {

/// A URL in its parts.
class parsed_url {
public:
  /// Parses *url*; an invalid URL has no parts.
  explicit parsed_url(const std::string& url) { lead_to(url); }

  /// Follows *location*, which may be relative.
  void lead_to(const std::string& location) {
    valid_ = parts_ && !location.empty() &&
             curl_url_set(parts_.get(), CURLUPART_URL, location.c_str(), 0) == CURLUE_OK;
  }

  void drop(CURLUPart part) { curl_url_set(parts_.get(), part, nullptr, 0); }

  std::string part(CURLUPart what) const {
    char* text = nullptr;
    if (!valid_ || curl_url_get(parts_.get(), what, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
      return {};
    std::string result{text};
    curl_free(text);
    return result;
  }

  std::string text() const {
    char* text = nullptr;
    if (!valid_ || curl_url_get(parts_.get(), CURLUPART_URL, &text, 0) != CURLUE_OK)
      return {};
    std::string result{text};
    curl_free(text);
    return result;
  }

  std::string origin() const {
    auto host = part(CURLUPART_HOST);
    std::transform(host.begin(), host.end(), host.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return part(CURLUPART_SCHEME) + "://" + host + ":" + part(CURLUPART_PORT);
  }

  bool valid() const noexcept { return valid_; }

private:
  struct deleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };

  std::unique_ptr<CURLU, deleter> parts_{curl_url()};
  bool valid_ = false;
};

} // namespace

bool is_redirect(std::uint16_t status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::optional<std::string> redirect_to_follow(std::uint16_t status, const std::string& url,
                                              const std::string& location) {
  if (status != 307 && status != 308)
    return std::nullopt;
  parsed_url target{url};
  const auto before = target.origin();
  target.lead_to(location);
  if (!target.valid() || target.origin() != before)
    return std::nullopt;
  for (auto secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT})
    target.drop(secret);
  return target.text();
}

std::string shown_target(const std::string& url, const std::string& location) {
  parsed_url target{url};
  target.lead_to(location);
  if (!target.valid())
    return "an address that is none";
  for (auto part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    target.drop(part);
  return target.text();
}

} // namespace nekod::http
