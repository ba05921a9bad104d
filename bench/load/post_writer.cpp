#include "bench/load/post_writer.hpp"

namespace nekod::load {

post_writer::post_writer(const options& o) : base_("POST " + o.target.path) {
  fields_ = " HTTP/1.1\r\nHost: " + o.target.authority() + "\r\nUser-Agent: nekod-bench\r\n";
  if (!o.api_key.empty())
    fields_ += "Authorization: Bearer " + o.api_key + "\r\n";
  for (const auto& field : o.headers)
    fields_ += field + "\r\n";
}

std::string post_writer::post(std::string_view path, std::string_view content_type,
                              std::string_view body) const {
  std::string out;
  out.reserve(base_.size() + path.size() + fields_.size() + body.size() + 96);
  out.append(base_).append(path).append(fields_);
  out.append("Content-Type: ").append(content_type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return out.append(body);
}

} // namespace nekod::load
