#include "http/client/response_head.hpp"

#include "http/client/redirects.hpp"

#include <algorithm>

namespace nekod::http {

bool response_head::take(std::string_view line) {
  heard_.on_line(line);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  if (is_complete_)
    return false;
  if (fields_)
    keep_field(line);
  return line.empty();
}

void response_head::keep_field(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {
    fields_->clear();
  } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    fields_->emplace_back(line.substr(0, colon), value);
  }
}

void response_head::write(transfer_event& to, std::uint16_t status, const std::string& url) const {
  to.status = status;
  to.retry_after = heard_.wait();
  if (is_redirect(status))
    to.redirect = shown_target(url, heard_.location);
  to.content_type = heard_.content_type;
  to.content_coding = heard_.content_coding;
  to.fields = fields_;
}

} // namespace nekod::http
